//! Pushes, through platform endpoints of SNS.
//!
//! Knows: how the SDK reports an endpoint that exists already, is disabled or does not exist, and the payloads for APNs
//! and FCM.
//! Must not know: who is pushed, or why.
//!
//! Start with [`SnsPush`]; [`payload`] is what a phone gets.

mod endpoints;
mod error;
pub mod payload;
pub mod platforms;

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use confab_app::ports::{EndpointOutcome, PublishOutcome, Push, StoreError};
use confab_domain::notification::Notification;
use confab_domain::push::{Endpoint, Platform, PushToken};

use error::endpoint_error;

/// ARNs of the platform applications of a deployment; `None` for a platform without credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applications {
    /// Apple's application, for production or for the sandbox.
    pub apns: Option<String>,
    /// Firebase's application.
    pub fcm: Option<String>,
}

impl Applications {
    fn of(&self, platform: Platform) -> Option<&str> {
        match platform {
            Platform::Apns => self.apns.as_deref(),
            Platform::Fcm => self.fcm.as_deref(),
        }
    }
}

/// SNS mobile push.
#[derive(Clone, Debug)]
pub struct SnsPush {
    client: Client,
    applications: Applications,
}

impl SnsPush {
    /// Pushes through these applications.
    pub fn new(client: Client, applications: Applications) -> Self {
        Self { client, applications }
    }
}

impl Push for SnsPush {
    async fn endpoint(&self, platform: Platform, token: &PushToken) -> Result<EndpointOutcome, StoreError> {
        match self.applications.of(platform) {
            Some(application) => endpoints::ready(&self.client, application, token).await,
            None => Ok(EndpointOutcome::NotOffered),
        }
    }

    async fn remove_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        self.client
            .delete_endpoint()
            .endpoint_arn(endpoint.as_str())
            .send()
            .await
            .map(drop)
            .map_err(endpoint_error)
    }

    async fn publish(
        &self,
        endpoint: &Endpoint,
        notification: &Notification,
    ) -> Result<PublishOutcome, StoreError> {
        // `arn:aws:sns:<region>:<account>:endpoint/<platform>/<application>/<uuid>`.
        let platform = endpoint.as_str().split('/').nth(1).unwrap_or_default();
        let mut request = self
            .client
            .publish()
            .target_arn(endpoint.as_str())
            .message_structure("json")
            .message(payload::message(platform, notification).to_string());
        for (name, value) in payload::attributes(platform, notification) {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            request =
                request.message_attributes(name, value.map_err(|error| StoreError::Rejected(error.into()))?);
        }
        let Err(error) = request.send().await else { return Ok(PublishOutcome::Taken) };
        match error.as_service_error() {
            Some(PublishError::EndpointDisabledException(_)) => Ok(PublishOutcome::Disabled),
            Some(PublishError::NotFoundException(_)) => Ok(PublishOutcome::Gone),
            // Another form in which SNS was observed to report a missing endpoint.
            Some(PublishError::InvalidParameterException(invalid))
                if invalid.message().is_some_and(|message| message.contains("No endpoint found")) =>
            {
                Ok(PublishOutcome::Gone)
            }
            _ => Err(endpoint_error(error)),
        }
    }
}
