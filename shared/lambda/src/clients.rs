//! SDK clients of a function that runs on Lambda.
//!
//! TLS is rustls with ring: it compiles quickly, and collects no entropy of its own at the first request of a cold
//! start.

use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
pub use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::push_sns::{Applications, SnsPush, platforms::Platforms};
use confab_aws::queue_sqs::SqsPresenceQueue;
use confab_domain::lease::HeartbeatPolicy;
use confab_store_dynamodb::{Store, Tables};

use crate::presence::PresencePorts;

/// Attempts of the SDK at one request, the first included.
const ATTEMPTS_MAX: u32 = 3;
/// Timeout of one attempt. DynamoDB answers within some ten milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Timeout of a request, its retries included.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);

/// Timeout of reading the secret. Without the secret the function cannot start, and Lambda gives a start 10 seconds.
const SECRET_TIMEOUT: Duration = Duration::from_secs(8);
const SECRET_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(2_500);

/// Timeout of a request that gives credentials to SNS: SNS asks the platform whether they are valid. One attempt may
/// take all of it.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(20);

/// Timeout of a post: an ack waits for it, and a client that misses the event finds the hole in its log.
const POST_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeout of one attempt, short enough for a second: a pooled connection may have died while the environment was
/// frozen.
const POST_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(400);

/// Timeout of a publish; another message of the queue tries it again.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of one attempt, as for posts.
const PUBLISH_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(800);

/// Sets both timeouts: a client takes a missing one from the shared configuration.
fn timeouts(operation: Duration, attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(operation).operation_attempt_timeout(attempt).build()
}

/// The SDK's configuration on Lambda.
pub async fn sdk_config() -> SdkConfig {
    let http_client =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(timeouts(OPERATION_TIMEOUT, ATTEMPT_TIMEOUT))
        .load()
        .await
}

/// Stores in the function's tables.
pub fn store(config: &SdkConfig, tables: Tables) -> Store {
    Store::new(aws_sdk_dynamodb::Client::new(config), tables)
}

/// Connections of the WebSocket API at `endpoint`.
pub fn gateway(config: &SdkConfig, endpoint: String) -> Gateway {
    Gateway::new(aws_sdk_apigatewaymanagement::Client::from_conf(gateway_config(config, endpoint)))
}

fn gateway_config(config: &SdkConfig, endpoint: String) -> aws_sdk_apigatewaymanagement::Config {
    aws_sdk_apigatewaymanagement::config::Builder::from(config)
        .endpoint_url(endpoint)
        .retry_config(confab_aws::gateway_apigw::retries())
        .timeout_config(timeouts(POST_TIMEOUT, POST_ATTEMPT_TIMEOUT))
        .build()
}

/// Client for queues, which are named by their URLs.
pub fn sqs(config: &SdkConfig) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(config)
}

/// Push service with these platform applications.
pub fn push(config: &SdkConfig, applications: Applications) -> SnsPush {
    let config = sns_config(config, timeouts(PUBLISH_TIMEOUT, PUBLISH_ATTEMPT_TIMEOUT));
    SnsPush::new(aws_sdk_sns::Client::from_conf(config), applications)
}

/// Platform applications of the account.
pub fn platforms(config: &SdkConfig) -> Platforms {
    let config = sns_config(config, timeouts(CREDENTIALS_TIMEOUT, CREDENTIALS_TIMEOUT));
    Platforms::new(aws_sdk_sns::Client::from_conf(config))
}

fn sns_config(config: &SdkConfig, timeouts: TimeoutConfig) -> aws_sdk_sns::Config {
    aws_sdk_sns::config::Builder::from(config).timeout_config(timeouts).build()
}

/// Ports of presence, with the queue at `url`.
pub fn presence(config: &SdkConfig, url: String, policy: HeartbeatPolicy) -> PresencePorts {
    PresencePorts { queue: SqsPresenceQueue::new(sqs(config), url), policy, probes: Arc::default() }
}

/// Reads a secret: once at a cold start, or during a deployment.
///
/// # Errors
///
/// Why the secret cannot be read; the error never contains the secret.
pub async fn secret(config: &SdkConfig, arn: &str) -> Result<String, lambda_runtime::Error> {
    let client = aws_sdk_secretsmanager::Client::from_conf(secrets_config(config));
    let output = client.get_secret_value().secret_id(arn).send().await?;
    output.secret_string.ok_or_else(|| "the secret is not a string".into())
}

fn secrets_config(config: &SdkConfig) -> aws_sdk_secretsmanager::Config {
    aws_sdk_secretsmanager::config::Builder::from(config)
        .timeout_config(timeouts(SECRET_TIMEOUT, SECRET_ATTEMPT_TIMEOUT))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As [`sdk_config`] makes it, without a search for a region or credentials.
    fn shared() -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .timeout_config(timeouts(OPERATION_TIMEOUT, ATTEMPT_TIMEOUT))
            .build()
    }

    #[track_caller]
    fn check(config: Option<&TimeoutConfig>, operation: Duration, attempt: Duration) {
        let config = config.unwrap();
        assert_eq!(config.operation_timeout(), Some(operation));
        assert_eq!(config.operation_attempt_timeout(), Some(attempt));
    }

    #[test]
    fn each_client_has_the_timeouts_that_are_meant_for_it() {
        let shared = shared();
        let stores = aws_sdk_dynamodb::config::Builder::from(&shared).build();
        check(stores.timeout_config(), OPERATION_TIMEOUT, ATTEMPT_TIMEOUT);
        let posts = gateway_config(&shared, "https://example.com".to_owned());
        check(posts.timeout_config(), POST_TIMEOUT, POST_ATTEMPT_TIMEOUT);
        let publishes = sns_config(&shared, timeouts(PUBLISH_TIMEOUT, PUBLISH_ATTEMPT_TIMEOUT));
        check(publishes.timeout_config(), PUBLISH_TIMEOUT, PUBLISH_ATTEMPT_TIMEOUT);
        let credentials = sns_config(&shared, timeouts(CREDENTIALS_TIMEOUT, CREDENTIALS_TIMEOUT));
        check(credentials.timeout_config(), CREDENTIALS_TIMEOUT, CREDENTIALS_TIMEOUT);
        check(secrets_config(&shared).timeout_config(), SECRET_TIMEOUT, SECRET_ATTEMPT_TIMEOUT);
    }

    #[test]
    fn a_second_attempt_fits_where_one_is_meant() {
        let attempts = |operation: Duration, attempt: Duration| operation.as_millis() / attempt.as_millis();
        assert!(attempts(OPERATION_TIMEOUT, ATTEMPT_TIMEOUT) >= 2);
        assert!(attempts(SECRET_TIMEOUT, SECRET_ATTEMPT_TIMEOUT) >= 2);
        assert!(attempts(POST_TIMEOUT, POST_ATTEMPT_TIMEOUT) >= 2);
        assert!(attempts(PUBLISH_TIMEOUT, PUBLISH_ATTEMPT_TIMEOUT) >= 2);
    }
}
