//! A message, and the acknowledgement that its sender gets.

use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use crate::schema;

/// A message, the same in events, in `sync`, in `history` and over HTTP.
///
/// Shape: `{"conversation":"dm_…","seq":7,"sender":"usr_…","client_message_id":"c1",
/// "text":"hello","kind":"text","sent_at_ms":1790000000000}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// `dm_…` or `grp_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationId))]
    pub conversation: String,
    /// Position in the conversation: 1, 2, 3 …, no holes, never reused.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub sender: String,
    /// Chosen by the sending device; idempotency key within (sender, conversation).
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ClientMessageId))]
    pub client_message_id: String,
    /// Absent where the message has attachments only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// Present and true where `text` is only the beginning; HTTP gives the whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub truncated: Option<bool>,
    /// `med_…` ids.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attachments: Vec<String>,
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub reply_to: Option<u64>,
    /// `usr_…` ids.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::UserId>))]
    pub mentions: Vec<String>,
    /// `text`, or a system kind.
    pub kind: String,
    /// Unit: milliseconds since the Unix epoch, by the server's clock.
    pub sent_at_ms: u64,
}

/// The answer to a send: the message is durable at `seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ack {
    /// The `id` (over HTTP: the `client_message_id`) that was sent.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ClientMessageId))]
    pub id: String,
    /// Where the message went.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationId))]
    pub conversation: String,
    /// Its position there.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
    /// True where an earlier request with this id had put the message there.
    pub duplicate: bool,
}
