//! A platform application: the devices of one app on one platform.

use super::{
    attributes::{Attributes, ENABLED, enabled},
    platform::Platform,
    refusal::Refusal,
};

/// Attributes that are accepted and ignored: this service calls no platform, sends no feedback and notifies no topic of
/// events.
///
/// Source: Amazon SNS API Reference, `SetPlatformApplicationAttributes`.
const FORGOTTEN: [&str; 11] = [
    "ApplePlatformBundleID",
    "ApplePlatformTeamID",
    "EventDeliveryFailure",
    "EventEndpointCreated",
    "EventEndpointDeleted",
    "EventEndpointUpdated",
    "FailureFeedbackRoleArn",
    "PlatformCredential",
    "PlatformPrincipal",
    "SuccessFeedbackRoleArn",
    "SuccessFeedbackSampleRate",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Application {
    pub(super) arn: String,
    pub(super) platform: Platform,
    pub(super) is_enabled: bool,
}

impl Application {
    /// Changes one attribute, from its text.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an attribute that SNS does not have, and for an invalid value.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        if name == ENABLED {
            self.is_enabled = enabled(value)?;
        } else if !FORGOTTEN.contains(&name) {
            return Err(Refusal::attribute_name(name));
        }
        Ok(())
    }

    pub(super) fn attributes(&self) -> Attributes {
        Attributes::from([(ENABLED, self.is_enabled.to_string())])
    }

    /// ARN of an endpoint of the application, by the endpoint's id.
    pub(super) fn endpoint_arn(&self, id: &str) -> String {
        format!("{}/{id}", self.arn.replacen(":app/", ":endpoint/", 1))
    }
}
