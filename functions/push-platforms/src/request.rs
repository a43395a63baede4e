//! What CloudFormation asks for, and what it is answered.
//!
//! Source: AWS CloudFormation user guide, "Custom resource request objects" and "Custom resource response objects".

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A custom resource is to be made, changed or deleted.
///
/// Not to be logged: who has the URL can answer.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// What is to be done.
    pub request_type: Kind,
    /// Where the answer is to be put.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    /// ARN of the stack.
    pub stack_id: String,
    /// Of this request.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_resource_id: String,
    /// What it was given as when it was made; absent then.
    pub physical_resource_id: Option<String>,
    /// As in the template.
    #[serde(default)]
    pub resource_properties: Value,
}

/// What is to be done to the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// It is new.
    Create,
    /// Its properties have changed.
    Update,
    /// It is gone from the template, or was replaced.
    Delete,
}

/// The properties of a `Custom::PlatformApplication`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Properties {
    /// Of the application.
    pub name: String,
    /// As SNS calls it.
    pub platform: String,
    /// Of what [`Credentials`](crate::credentials::Credentials) are in.
    pub secret_arn: String,
    /// Of the key in the secret: a new key is noticed by it.
    pub key_id: String,
    /// For Apple's devices: whose key it is.
    #[serde(default)]
    pub team_id: String,
    /// For Apple's devices: the app.
    #[serde(default)]
    pub bundle_id: String,
    /// With which SNS logs what became of pushes.
    pub feedback_role_arn: String,
    /// How many of the pushes that were taken are logged. Unit: percent.
    pub success_log_percent: String,
}

/// What CloudFormation is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer<'a> {
    pub(crate) status: &'static str,
    /// Why it failed, for people; never a credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) physical_resource_id: String,
    pub(crate) stack_id: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) logical_resource_id: &'a str,
}

impl Properties {
    /// The ARN of the application, in the region and account of the stack.
    pub fn arn(&self, stack_id: &str) -> Option<String> {
        let mut parts = stack_id.split(':');
        let (arn, partition, _) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account) = (parts.next()?, parts.next()?);
        let Self { name, platform, .. } = self;
        (arn == "arn").then(|| format!("arn:{partition}:sns:{region}:{account}:app/{platform}/{name}"))
    }
}
