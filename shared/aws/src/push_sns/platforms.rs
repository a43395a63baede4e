//! Platform applications, in which SNS keeps the credentials of a deployment.

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::set_platform_application_attributes::SetPlatformApplicationAttributesError;
use confab_app::ports::StoreError;

use super::error::store_error;

/// Creates, changes and deletes platform applications.
#[derive(Clone, Debug)]
pub struct Platforms {
    client: Client,
}

impl Platforms {
    /// The platform applications of the client's account and region.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Gives an application these attributes; creates it if it does not exist. Repeating the call does no harm.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rejected`] for credentials that the platform does not take, and for a text that is no ARN of an
    /// application; then nothing was created.
    pub async fn put(&self, arn: &str, attributes: HashMap<String, String>) -> Result<(), StoreError> {
        let Some((platform, name)) = arn.split_once(":app/").and_then(|(_, rest)| rest.split_once('/'))
        else {
            return Err(StoreError::Rejected("no ARN of a platform application".into()));
        };
        let set = self
            .client
            .set_platform_application_attributes()
            .platform_application_arn(arn)
            .set_attributes(Some(attributes.clone()))
            .send()
            .await;
        match set {
            Ok(_) => return Ok(()),
            Err(error) => match error.as_service_error() {
                Some(SetPlatformApplicationAttributesError::NotFoundException(_)) => {}
                _ => return Err(store_error(error)),
            },
        }
        self.client
            .create_platform_application()
            .name(name)
            .platform(platform)
            .set_attributes(Some(attributes))
            .send()
            .await
            .map(drop)
            .map_err(store_error)
    }

    /// Deletes an application and its endpoints; succeeds if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; doing it again finishes the deletion.
    pub async fn delete(&self, arn: &str) -> Result<(), StoreError> {
        self.client
            .delete_platform_application()
            .platform_application_arn(arn)
            .send()
            .await
            .map(drop)
            .map_err(store_error)
    }
}
