//! Friends, requests and blocks.

use serde::{Deserialize, Serialize};

use super::Profile;
#[cfg(feature = "openapi")]
use crate::schema;

/// Answer to `GET /v1/contacts`: one page of contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contacts {
    /// Friends: each of the two has added the other to their contacts.
    pub contacts: Vec<Contact>,
    /// Users who have added the caller to their contacts and wait for an answer.
    pub requests: Vec<Profile>,
    /// Users whom the caller has added to the contacts and who have not answered.
    pub requested: Vec<Profile>,
    /// Cursor of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A friend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contact {
    /// The friend's public profile.
    #[serde(flatten)]
    pub profile: Profile,
    /// `online` or `offline`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::PresenceStatus))]
    pub status: String,
    /// True if the friend is connected but idle: nobody uses the friend's devices.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// When the friend was last active; 0 if never. Unit: milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_active_at_ms: Option<u64>,
}

/// Answer to `PUT /v1/contacts/{user}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContactPut {
    /// The user who was added to the caller's contacts.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// Whether that user has added the caller too, so that the two are friends.
    pub friends: bool,
}

/// Answer to `GET /v1/blocks`: one page of blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Blocks {
    /// Users whom the caller has blocked.
    pub blocks: Vec<Block>,
    /// Cursor of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user whom the caller has blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Block {
    /// The blocked user's public profile.
    #[serde(flatten)]
    pub profile: Profile,
    /// Time of the block. Unit: milliseconds since the Unix epoch.
    pub blocked_at_ms: u64,
}
