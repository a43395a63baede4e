//! The chat list, and read marks.

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::Message;
#[cfg(feature = "openapi")]
use crate::schema;

/// Answer to `GET /v1/conversations`: one page of the chat list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatList {
    /// Conversations in no particular order.
    pub conversations: Vec<Conversation>,
    /// Pass this as `cursor` for the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A conversation in the chat list of one of its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// Id of the conversation: `dm_…` or `grp_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationId))]
    pub conversation: String,
    /// `dm` or `group`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationKind))]
    pub kind: String,
    /// The group's name; absent in a 1:1 conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The other user's public profile; absent in a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Profile>,
    /// Position of the newest message. If the messages that were read are no longer kept, the read mark; 0 if there
    /// is neither.
    pub last_seq: u64,
    /// The user's own read mark; 0 if nothing is read.
    pub read_seq: u64,
    /// Number of messages from others after the read mark.
    pub unread_count: u64,
    /// The newest message, shortened if it is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// Until this time the conversation causes no pushes. Unit: milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until_ms: Option<u64>,
}

/// Answer to `GET /v1/conversations/{c}/receipts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipts {
    /// One read mark per member.
    pub receipts: Vec<ReadMarker>,
}

/// Read mark of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadMarker {
    /// The member: `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub user: String,
    /// The last position that the member has read; 0 if none.
    pub read_seq: u64,
}
