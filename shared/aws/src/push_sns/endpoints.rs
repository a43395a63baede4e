//! Creates endpoints, or enables existing ones.
//!
//! SNS keeps one endpoint per token. `CreatePlatformEndpoint` returns the existing endpoint of a token, unless its
//! attributes differ from the requested ones, as those of a disabled endpoint do; then the error names the endpoint. A
//! new endpoint is enabled; an existing one may not be.
//! Source: Amazon SNS developer guide, "Create an Amazon SNS platform endpoint".

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::create_platform_endpoint::CreatePlatformEndpointError;
use aws_sdk_sns::operation::set_endpoint_attributes::SetEndpointAttributesError;
use confab_app::ports::{EndpointOutcome, StoreError};
use confab_domain::push::{Endpoint, PushToken};

use super::error::endpoint_error;

/// Attempts at an endpoint that another request removes before it is enabled: a logout of the token's former owner.
const ATTEMPTS_MAX: u32 = 3;

pub(crate) async fn ready(
    client: &Client,
    application: &str,
    token: &PushToken,
) -> Result<EndpointOutcome, StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        let Some(arn) = made(client, application, token).await? else {
            return Ok(EndpointOutcome::WrongToken);
        };
        if enabled(client, &arn, token).await? {
            return Ok(EndpointOutcome::Ready(Endpoint::new(arn)));
        }
    }
    Err(StoreError::Unavailable("other requests keep removing an endpoint".into()))
}

/// Returns the endpoint of a token, which may be a new one; `None` if SNS does not take the token.
async fn made(client: &Client, application: &str, token: &PushToken) -> Result<Option<String>, StoreError> {
    let created = client
        .create_platform_endpoint()
        .platform_application_arn(application)
        .token(token.reveal())
        .send()
        .await;
    match created {
        Ok(output) => {
            let arn = output.endpoint_arn;
            Ok(Some(arn.ok_or_else(|| StoreError::Rejected("an endpoint has no ARN".into()))?))
        }
        Err(error) => match error.as_service_error() {
            // The same exception also reports a fault of another parameter, such as the application's ARN.
            Some(CreatePlatformEndpointError::InvalidParameterException(invalid))
                if is_about_token(invalid.message().unwrap_or_default()) =>
            {
                Ok(existing(invalid.message().unwrap_or_default()).map(str::to_owned))
            }
            _ => Err(endpoint_error(error)),
        },
    }
}

/// Enables an endpoint. Returns false if it does not exist.
async fn enabled(client: &Client, arn: &str, token: &PushToken) -> Result<bool, StoreError> {
    let attributes = HashMap::from([
        ("Enabled".to_owned(), "true".to_owned()),
        ("Token".to_owned(), token.reveal().to_owned()),
    ]);
    let set =
        client.set_endpoint_attributes().endpoint_arn(arn).set_attributes(Some(attributes)).send().await;
    match set {
        Ok(_) => Ok(true),
        Err(error)
            if error.as_service_error().is_some_and(SetEndpointAttributesError::is_not_found_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(endpoint_error(error)),
    }
}

fn is_about_token(message: &str) -> bool {
    message.contains("Token Reason:")
}

/// The existing endpoint that an error names: `… Endpoint <ARN> already exists with the same Token …`.
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
        assert!(is_about_token(&message));
    }

    #[test]
    fn only_an_error_about_the_token_makes_it_wrong() {
        assert!(is_about_token("Invalid parameter: Token Reason: iOS device tokens must be hexadecimal"));
        for message in [
            "Invalid parameter: PlatformApplicationArn Reason: An ARN must have at least 6 elements, not 1",
            "Invalid parameter: PlatformApplicationArn Reason: Wrong region",
            "",
        ] {
            assert!(!is_about_token(message), "{message}");
        }
    }
}
