//! Making endpoints, whatever is there already.
//!
//! SNS keeps one endpoint per token. It gives that of a token that is there, unless its attributes differ from those asked
//! for: a disabled endpoint is one such, and the error names it. A new endpoint is enabled; one that was there may not be.
//! Source: Amazon SNS developer guide, "Create an Amazon SNS platform endpoint".

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::create_platform_endpoint::CreatePlatformEndpointError;
use confab_app::ports::{EndpointOutcome, StoreError};
use confab_domain::push::{Endpoint, PushToken};

use crate::error::store_error;

pub(crate) async fn ready(
    client: &Client,
    application: &str,
    token: &PushToken,
) -> Result<EndpointOutcome, StoreError> {
    let created = client
        .create_platform_endpoint()
        .platform_application_arn(application)
        .token(token.reveal())
        .send()
        .await;
    let arn = match created {
        Ok(output) => {
            output.endpoint_arn.ok_or_else(|| StoreError::Rejected("an endpoint has no ARN".into()))?
        }
        Err(error) => match error.as_service_error() {
            Some(CreatePlatformEndpointError::InvalidParameterException(invalid)) => {
                match existing(invalid.message().unwrap_or_default()) {
                    Some(arn) => arn.to_owned(),
                    None => return Ok(EndpointOutcome::WrongToken),
                }
            }
            _ => return Err(store_error(error)),
        },
    };
    let attributes = HashMap::from([
        ("Enabled".to_owned(), "true".to_owned()),
        ("Token".to_owned(), token.reveal().to_owned()),
    ]);
    client
        .set_endpoint_attributes()
        .endpoint_arn(&arn)
        .set_attributes(Some(attributes))
        .send()
        .await
        .map_err(store_error)?;
    Ok(EndpointOutcome::Ready(Endpoint::new(arn)))
}

/// The endpoint that an error says is there: `… Endpoint <ARN> already exists with the same Token …`.
fn existing(message: &str) -> Option<&str> {
    let (before, _) = message.split_once(" already exists with the same Token")?;
    before.rsplit(' ').next().filter(|arn| arn.starts_with("arn:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_endpoint_that_is_there() {
        let arn = "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/app/5e3e9847-3183-3f18-a7e8-671c3a57d4b3";
        let message = format!(
            "Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different \
             attributes."
        );
        assert_eq!(existing(&message), Some(arn));
        assert_eq!(existing("Invalid parameter: Token Reason: iOS device tokens must be hexadecimal"), None);
    }
}
