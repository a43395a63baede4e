//! What a client is told when something is refused or fails.

use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use crate::schema;

/// Why a request was not carried out: the part that a client program branches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Malformed JSON, or a missing or wrong field, which `message` names.
    BadRequest,
    /// The frame's `action` names nothing that the server does.
    UnknownAction,
    /// No valid credential.
    Unauthenticated,
    /// Not a member, blocked, or not the role.
    Forbidden,
    /// No such user, group, message or device.
    NotFound,
    /// The handle is taken.
    Conflict,
    /// Over a size limit; `limit` and `actual` say by how much.
    TooLarge,
    /// The group has its full number of members.
    GroupFull,
    /// Too many tries; `retry_after_ms` says when the next may succeed.
    RateLimited,
    /// Try again with the same ids. The outcome of this try is unknown.
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

/// An error's fields, the same over the WebSocket and over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What a program branches on.
    pub code: ErrorCode,
    /// What a person reads; never internal text.
    pub message: String,
    /// Unit: milliseconds from now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_ms: Option<u64>,
    /// The limit that was exceeded, in the unit that `message` names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limit: Option<u64>,
    /// What was sent, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actual: Option<u64>,
    /// Who cannot be added to a group: `usr_…` ids.
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

/// An error as the WebSocket carries it, with the `id` of the frame that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// Absent where the frame had none that could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The error.
    #[serde(flatten)]
    pub error: ErrorBody,
}
