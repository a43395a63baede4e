//! Platform applications of SNS, as a custom resource: CloudFormation has no resource type for them.
//!
//! Knows: requests and answers of CloudFormation, and the SNS attributes that a platform's credentials become.
//! Must not know: what is pushed, or to whom.
//!
//! The resource's id is the application's ARN. Another platform or name makes another application, and CloudFormation
//! deletes the earlier one after the deployment has succeeded. Start with [`handle`].

pub mod credentials;
pub mod request;

mod response_url;

use std::collections::HashMap;
use std::time::Duration;

use confab_app::chain;
use confab_app::ports::StoreError;
use lambda_runtime::Error;

use request::{Answer, Kind, Properties, Request};

/// Time after which the work is given up; enough is left to answer.
const WORK_TIMEOUT: Duration = Duration::from_secs(40);

/// Longest reason of a failure: an answer has at most 4096 bytes. Unit: characters.
const REASON_CHARS_MAX: usize = 500;

/// Physical id of an application that was never created.
const NOT_MADE: &str = "not-made";

/// Calls that the function makes to AWS.
pub trait Cloud {
    /// Gets a secret, by its ARN.
    fn secret(&self, arn: &str) -> impl Future<Output = Result<String, Error>> + Send;
    /// Creates the application with these attributes, or gives them to the existing one.
    fn put(
        &self,
        arn: &str,
        attributes: HashMap<String, String>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Deletes an application; succeeds if there is none.
    fn delete(&self, arn: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Reason of a failure, and the id that the resource has nonetheless.
struct Failure {
    reason: Error,
    id: Option<String>,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(reason: E) -> Self {
        Self { reason: reason.into(), id: None }
    }
}

/// Does what CloudFormation asks for, and answers with the outcome.
///
/// # Errors
///
/// If the answer cannot be delivered; Lambda then invokes the function again.
pub async fn handle(cloud: &impl Cloud, request: Request) -> Result<(), Error> {
    let result = match tokio::time::timeout(WORK_TIMEOUT, perform(cloud, &request)).await {
        Ok(result) => result,
        Err(_) => Err(Failure { reason: "SNS does not answer".into(), id: arn_of(&request) }),
    };
    let resource = request.logical_resource_id.as_str();
    let (status, reason, id) = match result {
        Ok(id) => {
            tracing::info!(event = "platform_changed", kind = ?request.request_type, resource, id, "done");
            ("SUCCESS", None, id)
        }
        Err(Failure { reason, id }) => {
            let reason = chain(&*reason);
            tracing::error!(event = "platform_change_failed", kind = ?request.request_type, resource, error = reason, "failed");
            // An existing application keeps its id. One that was not created must not be named: CloudFormation would
            // delete it, and it may belong to another stack.
            let id = request.physical_resource_id.clone().or(id).unwrap_or_else(|| NOT_MADE.to_owned());
            ("FAILED", Some(reason.chars().take(REASON_CHARS_MAX).collect()), id)
        }
    };
    let answer = Answer {
        status,
        reason,
        physical_resource_id: id,
        stack_id: &request.stack_id,
        request_id: &request.request_id,
        logical_resource_id: resource,
    };
    response_url::put(&request.response_url, &serde_json::to_string(&answer)?).await
}

/// Does the work and returns the ARN of the application.
async fn perform(cloud: &impl Cloud, request: &Request) -> Result<String, Failure> {
    if request.request_type == Kind::Delete {
        let id = request.physical_resource_id.clone().ok_or("the request names no resource")?;
        if id != NOT_MADE {
            cloud.delete(&id).await?;
        }
        return Ok(id);
    }
    let properties: Properties = serde_json::from_value(request.resource_properties.clone())?;
    let arn = properties.arn(&request.stack_id).ok_or("StackId is not an ARN")?;
    let secret = cloud.secret(&properties.secret_arn).await?;
    let attributes = credentials::attributes(&properties, &secret)?;
    match cloud.put(&arn, attributes).await {
        Ok(()) => Ok(arn),
        // The outcome is unknown: the application may exist.
        Err(error @ StoreError::Unavailable(_)) => Err(Failure { reason: error.into(), id: Some(arn) }),
        Err(error) => Err(error.into()),
    }
}

/// ARN of the application to create, if the properties name one.
fn arn_of(request: &Request) -> Option<String> {
    let properties: Properties = serde_json::from_value(request.resource_properties.clone()).ok()?;
    properties.arn(&request.stack_id)
}

#[cfg(test)]
mod tests;
