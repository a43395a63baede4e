//! SDK clients of a function that runs on Lambda.
//!
//! TLS is rustls with ring: it compiles quickly, and collects no entropy of its
//! own at the first request of a cold start.

use std::time::Duration;

use aws_config::BehaviorVersion;
pub use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use confab_domain::lease::HeartbeatPolicy;
use confab_gateway_apigw::Gateway;
use confab_push_sns::{Applications, SnsPush, platforms::Platforms};
use confab_queue_sqs::SqsPresenceQueue;
use confab_store_dynamodb::{Store, Tables};

use crate::presence::Presence;

/// Attempts of the SDK at one request, the first included.
const ATTEMPTS_MAX: u32 = 3;
/// After this one attempt is given up. DynamoDB answers within some ten milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// After this a request is given up, its retries included.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);

/// After this SNS is given up that is asked to take credentials: it asks the platform whether they are right.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(20);

/// After this a post is given up: an ack waits for it, and whoever misses it finds the hole.
const POST_TIMEOUT: Duration = Duration::from_secs(1);

/// After this a publish is given up, and tried again by another message of the queue.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(2);

/// The SDK's configuration on Lambda.
pub async fn sdk_config() -> SdkConfig {
    let http_client =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        .load()
        .await
}

/// The stores in the function's tables.
pub fn store(config: &SdkConfig, tables: Tables) -> Store {
    Store::new(aws_sdk_dynamodb::Client::new(config), tables)
}

/// The connections of the WebSocket API at `endpoint`.
pub fn gateway(config: &SdkConfig, endpoint: String) -> Gateway {
    let config = aws_sdk_apigatewaymanagement::config::Builder::from(config)
        .endpoint_url(endpoint)
        .retry_config(confab_gateway_apigw::retries())
        .timeout_config(TimeoutConfig::builder().operation_timeout(POST_TIMEOUT).build())
        .build();
    Gateway::new(aws_sdk_apigatewaymanagement::Client::from_conf(config))
}

/// Queues, by their URLs.
pub fn sqs(config: &SdkConfig) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(config)
}

/// Phones, by these applications.
pub fn push(config: &SdkConfig, applications: Applications) -> SnsPush {
    let timeouts = TimeoutConfig::builder().operation_timeout(PUBLISH_TIMEOUT).build();
    let config = aws_sdk_sns::config::Builder::from(config).timeout_config(timeouts).build();
    SnsPush::new(aws_sdk_sns::Client::from_conf(config), applications)
}

/// The platform applications of the account.
pub fn platforms(config: &SdkConfig) -> Platforms {
    let config = aws_sdk_sns::config::Builder::from(config)
        .timeout_config(TimeoutConfig::builder().operation_timeout(CREDENTIALS_TIMEOUT).build())
        .build();
    Platforms::new(aws_sdk_sns::Client::from_conf(config))
}

/// What keeps presence, with the queue at `url`.
pub fn presence(config: &SdkConfig, url: String, policy: HeartbeatPolicy) -> Presence {
    Presence { queue: SqsPresenceQueue::new(sqs(config), url), policy }
}

/// A secret, fetched once at a cold start or while a deployment goes on.
///
/// # Errors
///
/// Why it cannot be had; never the secret.
pub async fn secret(config: &SdkConfig, arn: &str) -> Result<String, lambda_runtime::Error> {
    let output = aws_sdk_secretsmanager::Client::new(config).get_secret_value().secret_id(arn).send().await?;
    output.secret_string.ok_or_else(|| "the secret is not a string".into())
}
