//! A message, and its acknowledgement.

use serde::{Deserialize, Serialize};

#[cfg(feature = "openapi")]
use crate::schema;

/// A message. Events, `sync`, `history` and HTTP use the same form.
///
/// Shape: `{"conversation":"dm_…","seq":7,"sender":"usr_…","client_message_id":"c1",
/// "text":"hello","kind":"text","sent_at_ms":1790000000000}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Id of the conversation: `dm_…` or `grp_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationId))]
    pub conversation: String,
    /// Position in the conversation: 1, 2, 3 …, without holes, never reused.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// The sender: `usr_…`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::UserId))]
    pub sender: String,
    /// Idempotency key, chosen by the sending device. Scope: (sender, conversation).
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ClientMessageId))]
    pub client_message_id: String,
    /// Absent if the message has only attachments.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// True if `text` is only the beginning of the text; an HTTP call gives the whole text. Otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub truncated: Option<bool>,
    /// `med_…` ids.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attachments: Vec<String>,
    /// The `seq` of the message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub reply_to: Option<u64>,
    /// `usr_…` ids of the mentioned users.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<schema::UserId>))]
    pub mentions: Vec<String>,
    /// `text`, or the kind of a system entry.
    pub kind: String,
    /// When the message was sent, by the server's clock. Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
}

/// Acknowledgement of a sent message: it is durable at `seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ack {
    /// The `id` of the request; over HTTP, the `client_message_id`.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ClientMessageId))]
    pub id: String,
    /// Id of the conversation.
    #[cfg_attr(feature = "openapi", schema(value_type = schema::ConversationId))]
    pub conversation: String,
    /// Position in the conversation.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// When the message was sent, by the server's clock. Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
    /// True if an earlier request with this id appended the message.
    pub duplicate: bool,
}
