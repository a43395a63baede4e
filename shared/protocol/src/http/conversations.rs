//! The chat list, and how far members have read.

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::Message;
#[cfg(feature = "openapi")]
use crate::schema;

/// `GET /v1/conversations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatList {
    /// In no particular order.
    pub conversations: Vec<Conversation>,
    /// Give this as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A conversation as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// `dm_…` or `grp_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationId))]
    pub conversation: String,
    /// `dm` or `group`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationKind))]
    pub kind: String,
    /// A group's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The other's public profile in a 1:1 conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Profile>,
    /// Position of the newest message, or the read marker where the messages that were read are not kept any more; 0 where
    /// there is neither.
    pub last_seq: u64,
    /// The user's own read marker; 0 where nothing is read.
    pub read_seq: u64,
    /// Messages of others after the read marker.
    pub unread_count: u64,
    /// The newest message, shortened where it is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// No pushes before this. Unit: milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until_ms: Option<u64>,
}

/// `GET /v1/conversations/{c}/receipts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipts {
    /// One per member.
    pub receipts: Vec<ReadMarker>,
}

/// How far a member has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadMarker {
    /// `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// Up to and including; 0 where nothing is read.
    pub read_seq: u64,
}
