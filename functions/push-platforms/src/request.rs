//! Requests of CloudFormation, and the answers to them.
//!
//! Source: AWS CloudFormation user guide, "Custom resource request objects" and "Custom resource response objects".

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Request to create, change or delete a custom resource.
///
/// Must not be logged: anybody who has the URL can answer.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// What to do.
    pub request_type: Kind,
    /// Presigned URL that the answer is put to.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    /// ARN of the stack.
    pub stack_id: String,
    /// Id of this request.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_resource_id: String,
    /// Id of the resource, from the answer to its creation; absent before.
    pub physical_resource_id: Option<String>,
    /// Properties of the resource, as in the template.
    #[serde(default)]
    pub resource_properties: Value,
}

/// What to do to the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// The resource is new.
    Create,
    /// The properties of the resource have changed.
    Update,
    /// The resource was removed from the template, or was replaced.
    Delete,
}

/// Properties of a `Custom::PlatformApplication`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Properties {
    /// Name of the application.
    pub name: String,
    /// Name of the platform at SNS.
    pub platform: String,
    /// ARN of the secret that holds the [`Credentials`](crate::credentials::Credentials).
    pub secret_arn: String,
    /// Id of the key in the secret. It changes with the key, so that CloudFormation notices a new one.
    pub key_id: String,
    /// Team of the key; for Apple's devices only.
    #[serde(default)]
    pub team_id: String,
    /// Bundle id of the app; for Apple's devices only.
    #[serde(default)]
    pub bundle_id: String,
    /// Role with which SNS logs the outcomes of pushes.
    pub feedback_role_arn: String,
    /// Share of the accepted pushes that are logged. Unit: percent.
    pub success_log_percent: String,
}

/// Answer to CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer<'a> {
    pub(crate) status: &'static str,
    /// Reason of a failure, for people; it contains no credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) physical_resource_id: String,
    pub(crate) stack_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) logical_resource_id: &'a str,
}

impl Properties {
    /// ARN of the application, in the region and account of the stack.
    pub fn arn(&self, stack_id: &str) -> Option<String> {
        let mut parts = stack_id.split(':');
        let (arn, partition, _) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account) = (parts.next()?, parts.next()?);
        let Self { name, platform, .. } = self;
        (arn == "arn").then(|| format!("arn:{partition}:sns:{region}:{account}:app/{platform}/{name}"))
    }
}
