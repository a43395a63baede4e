//! Refusals of requests, in the words of SNS.

use http::StatusCode;

/// An error answer.
///
/// Source: codes and statuses from the Amazon SNS API Reference, "Common Errors" and the errors of each action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// An invalid request.
    pub(super) fn invalid(what: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", format!("Invalid parameter: {what}"))
    }

    pub(super) fn parameter(name: &str, reason: &str) -> Self {
        Self::invalid(&format!("{name} Reason: {reason}"))
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::parameter(name, "no value for required parameter")
    }

    pub(super) fn attribute_name(name: &str) -> Self {
        Self::parameter("Attributes", &format!("Invalid attribute name: {name}"))
    }

    pub(super) fn attribute_value(name: &str) -> Self {
        Self::parameter("Attributes", &format!("Invalid value for attribute: {name}"))
    }

    pub(super) fn message_attribute(name: &str) -> Self {
        let reason = "must contain a non-empty name, type and value";
        Self::invalid(&format!("The message attribute '{name}' {reason}"))
    }

    /// Refusal of a token that another endpoint has. Clients find that endpoint by its ARN in this message, since SNS
    /// gives them no other way; the text is exactly that of SNS.
    ///
    /// Source: Amazon SNS Developer Guide, "Setting up an Amazon SNS platform endpoint for mobile notifications".
    pub(super) fn token_taken(endpoint: &str) -> Self {
        let reason = "already exists with the same Token, but different attributes.";
        Self::parameter("Token", &format!("Endpoint {endpoint} {reason}"))
    }

    pub(super) fn no_such_endpoint() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "Endpoint does not exist")
    }

    pub(super) fn no_such_application() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "PlatformApplication does not exist")
    }

    pub(super) fn no_such_topic() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "Topic does not exist")
    }

    pub(super) fn endpoint_disabled() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "EndpointDisabled", "Endpoint is disabled")
    }

    pub(super) fn application_disabled() -> Self {
        let message = "Platform application is disabled";
        Self::new(StatusCode::BAD_REQUEST, "PlatformApplicationDisabled", message)
    }

    pub(super) fn invalid_action(action: &str) -> Self {
        let message = format!("The action {action} is not valid for this web service.");
        Self::new(StatusCode::BAD_REQUEST, "InvalidAction", message)
    }

    /// The outcome is unknown to the caller, which may retry.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The request failed.")
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::internal()
    }
}
