//! Errors: answers to requests that were refused or failed.

use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use crate::schema;

/// Error code, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Malformed JSON, or a missing or wrong field, which `message` names.
    BadRequest,
    /// The frame's `action` does not exist.
    UnknownAction,
    /// The credential is missing or not valid.
    Unauthenticated,
    /// The caller is not a member, is blocked, or does not have the required role.
    Forbidden,
    /// The user, group, message or device does not exist.
    NotFound,
    /// Another account has the handle.
    Conflict,
    /// A value exceeds a size limit; `limit` and `actual` state both sizes.
    TooLarge,
    /// The group has the largest number of members.
    GroupFull,
    /// Too many tries; after `retry_after_ms` the next one may succeed.
    RateLimited,
    /// The outcome of this try is unknown. Try again with the same ids.
    Unavailable,
    /// A fault of the server.
    Internal,
}

impl ErrorCode {
    /// The code as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::UnknownAction => "unknown_action",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::GroupFull => "group_full",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// An error, in the same form over the WebSocket and over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// Error code, for programs.
    pub code: ErrorCode,
    /// Description for people; without internal details.
    pub message: String,
    /// Pause after which the next try may succeed. Unit: milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_ms: Option<u64>,
    /// The limit that was exceeded, in the unit that `message` names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<u64>,
    /// The size that was sent, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actual: Option<u64>,
    /// Users who cannot be added to a group: `usr_…` ids.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::UserId>))]
    pub users: Vec<String>,
}

impl ErrorBody {
    /// An error without the optional fields.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_ms: None,
            limit: None,
            actual: None,
            users: Vec::new(),
        }
    }
}

/// An error over the WebSocket, with the `id` of the frame that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// Absent if the frame had no readable `id`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The error.
    #[serde(flatten)]
    pub error: ErrorBody,
}
