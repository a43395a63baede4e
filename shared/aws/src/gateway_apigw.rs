//! Open connections, through API Gateway's `@connections`.
//!
//! Knows: how the SDK reports a connection that does not exist or is slow.
//! Must not know: the content of a frame, or the user of a connection.

use std::time::Duration;

use crate::sdk_errors::SdkFailure;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::get_connection::GetConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use confab_app::ports::{CloseOutcome, Connections, PostOutcome, StoreError};
use confab_domain::ConnectionId;

/// The connections of one WebSocket API.
#[derive(Clone, Debug)]
pub struct Gateway {
    client: Client,
}

/// Retries of a post: one more attempt, soon.
///
/// An ack waits for the post, and a client that misses an event finds the hole in its log: a device that does not read
/// must not hold up the users who write to it.
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(25))
}

impl Gateway {
    /// The connections of the API whose stage is the client's endpoint.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Connections for Gateway {
    async fn post(&self, connection: &ConnectionId, frame: &[u8]) -> Result<PostOutcome, StoreError> {
        let result = self
            .client
            .post_to_connection()
            .connection_id(connection.as_str())
            .data(Blob::new(frame))
            .send()
            .await;
        let Err(error) = result else { return Ok(PostOutcome::Taken) };
        match error.as_service_error() {
            Some(PostToConnectionError::GoneException(_)) => Ok(PostOutcome::Gone),
            Some(PostToConnectionError::LimitExceededException(_)) => Ok(PostOutcome::Limited),
            // A 429 with another error code comes from the front end, which knows no connections: the account is
            // throttled.
            _ => Err(store_error(error)),
        }
    }

    async fn is_open(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        let result = self.client.get_connection().connection_id(connection.as_str()).send().await;
        match result {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(GetConnectionError::is_gone_exception) => {
                Ok(false)
            }
            Err(error) => Err(store_error(error)),
        }
    }

    async fn close(&self, connection: &ConnectionId) -> Result<CloseOutcome, StoreError> {
        let result = self.client.delete_connection().connection_id(connection.as_str()).send().await;
        match result {
            Ok(_) => Ok(CloseOutcome::Closed),
            Err(error) if error.as_service_error().is_some_and(DeleteConnectionError::is_gone_exception) => {
                Ok(CloseOutcome::Gone)
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

/// The statuses show which failures are transient: 429 and 5xx. The API's own errors are 403, 410, 413 and 429.
///
/// Source: Amazon API Gateway Management API reference, "PostToConnection".
fn store_error(error: impl SdkFailure) -> StoreError {
    error.into_store_error(&[])
}
