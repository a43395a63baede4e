//! Answers to CloudFormation, put at a presigned URL of S3.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use confab_app::chain;
use lambda_runtime::Error;

const ATTEMPTS_MAX: u32 = 3;
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(500);

/// Puts the answer at the URL; retries after a failure.
///
/// # Errors
///
/// Why the last attempt failed. The error does not contain the URL, which is signed.
pub(crate) async fn put(url: &str, answer: &str) -> Result<(), Error> {
    let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
    let mut attempt = 1;
    loop {
        let result = tokio::time::timeout(ATTEMPT_TIMEOUT, put_once(&connector, url, answer)).await;
        match result.unwrap_or_else(|_| Err("timed out".into())) {
            Ok(()) => return Ok(()),
            Err(error) if attempt == ATTEMPTS_MAX => return Err(error),
            Err(error) => {
                tracing::warn!(
                    event = "stack_answer_failed",
                    error = chain(&*error),
                    "the answer was not delivered; trying again"
                )
            }
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn put_once(connector: &Connector, url: &str, answer: &str) -> Result<(), Error> {
    // Sent without a content type: the URL is signed for a request without one.
    let request = http::Request::put(url)
        .header(http::header::CONTENT_LENGTH, answer.len())
        .body(SdkBody::from(answer))
        .map_err(|_| "the URL of the answer is malformed")?;
    let request = HttpRequest::try_from(request).map_err(|_| "the URL of the answer is malformed")?;
    let response = connector.call(request).await?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("the answer was refused with {status}").into()) }
}
