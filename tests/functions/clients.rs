//! SDK clients, one for each caller.

use std::sync::Arc;

use api::{Api, WebSocketUrl};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use confab_app::accounts::credentials::AuthRates;
use confab_app::limits::rare_changes::ChangeRates;
use confab_app::messages::send_message::Writer;
use confab_app::{Limiter, UserPermits};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::push_sns::{Applications, SnsPush};
use confab_aws::queue_sqs::{SourceQueue, SqsFanOutQueue, SqsPresenceQueue, SqsPushQueue};
use confab_credentials::passwords_argon2::Argon2Passwords;
use confab_credentials::tokens_jwt::JwtTokens;
use confab_domain::budget::LOCAL_RATES;
use confab_domain::invite::SignupMode;
use confab_domain::retention::Retention;
use confab_embedded_aws::EmbeddedAws;
use confab_lambda::presence::PresencePorts;
use confab_store_dynamodb::{Store, Tables};

use crate::bench::POLICY;
use crate::queue_bench::Queue;

/// Prefix of the name of every table and queue.
pub(crate) const TABLE_PREFIX: &str = "test-";

/// The name of the platform applications.
pub(crate) const APPLICATION: &str = "test";

const RATES: AuthRates = AuthRates {
    per_source: api::config::LOGINS_CONCURRENT_MAX,
    per_handle: api::config::FAILED_LOGINS,
    concurrent_per_handle: api::config::LOGINS_CONCURRENT_MAX,
};

/// Clients of each caller over one transport; the name of the caller is the access key.
pub(crate) struct Clients {
    pub(crate) aws: EmbeddedAws,
    pub(crate) tables: Tables,
}

impl Clients {
    pub(crate) fn dynamodb(&self, caller: &str) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials(caller))
                .http_client(self.aws.http_client())
                .build(),
        )
    }

    pub(crate) fn store(&self, caller: &str) -> Store {
        Store::new(self.dynamodb(caller), self.tables.clone())
    }

    pub(crate) fn sqs(&self, caller: &str) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::from_conf(
            aws_sdk_sqs::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials(caller))
                .http_client(self.aws.http_client())
                .build(),
        )
    }

    /// Creates a queue and its dead-letter queue.
    pub(crate) async fn make_queue(&self, name: &str) -> Queue {
        let url_of = async |name: String| {
            let create = self.sqs("bench").create_queue().queue_name(name);
            create.send().await.expect("a queue").queue_url.expect("its URL")
        };
        Queue {
            url: url_of(format!("{TABLE_PREFIX}{name}")).await,
            dead_letter_url: url_of(format!("{TABLE_PREFIX}{name}-dead-letter")).await,
        }
    }

    pub(crate) fn source(&self, caller: &str, queue: &Queue) -> SourceQueue {
        SourceQueue::new(self.sqs(caller), queue.url.clone(), queue.dead_letter_url.clone())
    }

    pub(crate) fn presence(&self, caller: &str, url: &str) -> PresencePorts {
        let queue = SqsPresenceQueue::new(self.sqs(caller), url.to_owned());
        PresencePorts { queue, policy: POLICY, probes: Arc::default() }
    }

    pub(crate) fn queue(&self, caller: &str, url: &str) -> SqsFanOutQueue {
        SqsFanOutQueue::new(self.sqs(caller), url.to_owned())
    }

    /// A client that does not retry a failed publish, so that a test can count publishes.
    pub(crate) fn sns(&self, caller: &str) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::from_conf(
            aws_sdk_sns::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials(caller))
                .retry_config(RetryConfig::disabled())
                .http_client(self.aws.http_client())
                .build(),
        )
    }

    /// Creates the platform application of Firebase, and none of Apple's.
    pub(crate) async fn make_applications(&self) -> Applications {
        let made = self.sns("bench").create_platform_application().name(APPLICATION).platform("GCM");
        let made = made.attributes("PlatformCredential", "test").send().await.expect("an application");
        Applications { apns: None, fcm: made.platform_application_arn }
    }

    pub(crate) fn phones(&self, caller: &str, applications: &Applications) -> SnsPush {
        SnsPush::new(self.sns(caller), applications.clone())
    }

    pub(crate) fn push_queue(&self, caller: &str, queue: &Queue) -> SqsPushQueue {
        SqsPushQueue::new(self.sqs(caller), queue.url.clone())
    }

    pub(crate) fn fan_out(&self, queue: &Queue, pushes: &Queue) -> fan_out::FanOutFunction {
        fan_out::FanOutFunction {
            store: self.store("fan-out"),
            gateway: self.gateway("fan-out"),
            push: self.push_queue("fan-out", pushes),
            policy: POLICY,
            queue: self.queue("fan-out", &queue.url),
            probes: Arc::default(),
            source: self.source("fan-out", queue),
        }
    }

    /// The `presence` function.
    pub(crate) fn watcher(&self, queue: &Queue, pushes: &Queue) -> presence::PresenceFunction {
        presence::PresenceFunction {
            store: self.store("presence"),
            gateway: self.gateway("presence"),
            push: self.push_queue("presence", pushes),
            presence: self.presence("presence", &queue.url),
            source: self.source("presence", queue),
        }
    }

    pub(crate) fn push(
        &self,
        queue: &Queue,
        applications: &Applications,
        retention: Retention,
    ) -> push::PushFunction {
        push::PushFunction {
            store: self.store("push"),
            push: self.phones("push", applications),
            queue: self.push_queue("push", queue),
            source: self.source("push", queue),
            preview: false,
            retention,
            policy: POLICY,
        }
    }

    pub(crate) fn api(
        &self,
        fan_out_url: &str,
        (pushes, applications): (&Queue, &Applications),
        presence: PresencePorts,
        writer: Writer,
        limiter: Arc<Limiter>,
    ) -> Router {
        api::router(Api {
            signup_mode: SignupMode::Open,
            store: self.store("api"),
            gateway: self.gateway("api"),
            queue: self.queue("api", fan_out_url),
            push: self.phones("api", applications),
            push_queue: self.push_queue("api", pushes),
            presence,
            passwords: Argon2Passwords::new(1),
            tokens: tokens(),
            writer,
            rates: RATES,
            changes: ChangeRates::LOCAL,
            limiter,
            websocket_url: WebSocketUrl::Fixed("wss://chat.invalid/ws".to_owned()),
        })
    }

    pub(crate) fn heartbeat(&self, presence: PresencePorts) -> heartbeat::HeartbeatFunction {
        let gateway = self.gateway("heartbeat");
        heartbeat::HeartbeatFunction { store: self.store("heartbeat"), gateway, presence, limiter: limiter() }
    }

    pub(crate) fn connect(&self, presence: PresencePorts) -> connect::ConnectFunction {
        let (store, gateway) = (self.store("connect"), self.gateway("connect"));
        connect::ConnectFunction { store, gateway, presence, handshakes: UserPermits::of_handshakes() }
    }

    pub(crate) fn gateway(&self, caller: &str) -> Gateway {
        Gateway::new(aws_sdk_apigatewaymanagement::Client::from_conf(
            aws_sdk_apigatewaymanagement::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials(caller))
                .endpoint_url("http://connections.invalid/test")
                .retry_config(confab_aws::gateway_apigw::retries())
                .http_client(self.aws.http_client())
                .build(),
        ))
    }
}

/// The tokens of an environment that has served no request yet.
pub(crate) fn tokens() -> JwtTokens {
    JwtTokens::new("a secret of the tests, long enough to sign").expect("a secret")
}

pub(crate) fn limiter() -> Arc<Limiter> {
    Arc::new(Limiter::new(LOCAL_RATES))
}

fn credentials(caller: &str) -> Credentials {
    Credentials::new(caller, "test", None, None, "test")
}
