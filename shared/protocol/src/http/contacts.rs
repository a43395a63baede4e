//! Friends and blocks.

use serde::{Deserialize, Serialize};

use super::Profile;
#[cfg(feature = "openapi")]
use crate::schema;

/// `GET /v1/contacts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contacts {
    /// Friends: each has put the other.
    pub contacts: Vec<Contact>,
    /// Who has put the user and waits for an answer.
    pub requests: Vec<Profile>,
    /// Whom the user has put, and who has not answered.
    pub requested: Vec<Profile>,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A friend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contact {
    /// Who.
    #[serde(flatten)]
    pub profile: Profile,
    /// `online` or `offline`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::PresenceStatus))]
    pub status: String,
    /// True where they are connected and nobody is at their devices, as those say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// When they were last active; 0 where they never were. Unit: milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_active_at_ms: Option<u64>,
}

/// Answer to `PUT /v1/contacts/{user}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactPut {
    /// Who was put.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// Whether they have put the caller too.
    pub friends: bool,
}

/// `GET /v1/blocks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Blocks {
    /// Whom the user has blocked.
    pub blocks: Vec<Block>,
    /// Cursor of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Somebody whom the user has blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Block {
    /// Who.
    #[serde(flatten)]
    pub profile: Profile,
    /// Since when. Unit: milliseconds since the Unix epoch.
    pub blocked_at_ms: u64,
}
