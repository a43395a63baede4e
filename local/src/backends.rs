//! The production adapters, over embedded backends.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::http::Method;
use confab_aws::gateway_apigw::Gateway as ApiGateway;
use confab_aws::push_sns::{Applications, SnsPush};
use confab_embedded_aws::{
    DynamoDb, EmbeddedAws, Service, ServiceFuture, ServiceRequest, Sns, Sqs, signing_name,
};
use confab_local_gateway::Connections;
use confab_store_dynamodb::{Store, Tables};

use crate::closing;
use crate::queues::Queues;
use confab_app::chain;

const TABLE_PREFIX: &str = "confab-";
const REGION: &str = "us-east-1";

/// Interval at which expired items are removed. DynamoDB removes them within days.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Adapters and clients that the functions are built from.
#[derive(Clone, Debug)]
pub(crate) struct Backends {
    pub(crate) store: Store,
    pub(crate) gateway: ApiGateway,
    pub(crate) push: SnsPush,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) queues: Queues,
}

impl Backends {
    /// Creates clients whose requests never leave the process, and the tables.
    pub(crate) async fn new(
        dynamodb: DynamoDb,
        (sqs, sns): (Sqs, Sns),
        connections: Connections,
        stage: &str,
    ) -> anyhow::Result<Self> {
        let aws = EmbeddedAws::builder()
            .service(signing_name::DYNAMODB, dynamodb)
            .service(signing_name::SQS, sqs)
            .service(signing_name::SNS, sns)
            .service(signing_name::EXECUTE_API, ConnectionsService(connections))
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(REGION))
                .credentials_provider(credentials())
                .http_client(aws.http_client())
                .build(),
        );
        let tables = Tables::with_prefix(TABLE_PREFIX);
        tables.create_missing(&client).await.map_err(anyhow::Error::msg)?;
        let management = aws_sdk_apigatewaymanagement::Client::from_conf(
            aws_sdk_apigatewaymanagement::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(REGION))
                .credentials_provider(credentials())
                .endpoint_url(format!("http://connections.invalid/{stage}"))
                .retry_config(confab_aws::gateway_apigw::retries())
                .http_client(aws.http_client())
                .build(),
        );
        let sqs = aws_sdk_sqs::Client::from_conf(
            aws_sdk_sqs::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(REGION))
                .credentials_provider(credentials())
                .http_client(aws.http_client())
                .build(),
        );
        let sns = aws_sdk_sns::Client::from_conf(
            aws_sdk_sns::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(REGION))
                .credentials_provider(credentials())
                .http_client(aws.http_client())
                .build(),
        );
        let applications = Applications {
            apns: Some(application(&sns, "APNS").await?),
            fcm: Some(application(&sns, "GCM").await?),
        };
        let queues = Queues::open(&sqs).await?;
        Ok(Self {
            store: Store::new(client, tables),
            gateway: ApiGateway::new(management),
            push: SnsPush::new(sns, applications),
            sqs,
            queues,
        })
    }
}

/// Returns the ARN of the platform application, and creates the application if it does not exist.
async fn application(sns: &aws_sdk_sns::Client, platform: &str) -> anyhow::Result<String> {
    let output = sns
        .create_platform_application()
        .name("confab")
        .platform(platform)
        .attributes("PlatformCredential", "local")
        .send()
        .await
        .with_context(|| format!("cannot make the platform application for {platform}"))?;
    output.platform_application_arn.context("a platform application has no ARN")
}

/// Credentials that requests are signed with, as on AWS; nothing checks the signature.
fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "confab-local")
}

/// `@connections` of the gateway in this process.
struct ConnectionsService(Connections);

impl Service for ConnectionsService {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let connections = self.0.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            let (head, body) = request.into_parts();
            if head.method == Method::POST
                && let Some(reason) = closing::reason_in(&body)
                && let Some(connection_id) = connections.connection_id(head.uri.path())
            {
                connections.set_close_code(&connection_id, reason.close_code(), reason.as_str());
            }
            connections.handle_request(&head.method, head.uri.path(), body)
        })
    }
}

/// Removes expired items at intervals, without end.
pub(crate) async fn sweep_expired(dynamodb: DynamoDb) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = dynamodb.sweep_ttl().await {
            tracing::warn!(
                event = "expiry_sweep_failed",
                error = chain(&error),
                "expired items stay for now"
            );
        }
    }
}
