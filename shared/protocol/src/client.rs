//! Frames that a client sends, one struct per `action`.
//!
//! Unknown fields are ignored. The gateway's route selection reads the `action`, which is not part of these structs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A client frame. The answer repeats its `id`.
pub trait Frame {
    /// The frame's `id`, if it has one.
    fn id(&self) -> Option<&str>;
}

macro_rules! frames {
    ($($required:ident),*; $($optional:ident),*) => {
        $(impl Frame for $required {
            fn id(&self) -> Option<&str> {
                Some(&self.id)
            }
        })*
        $(impl Frame for $optional {
            fn id(&self) -> Option<&str> {
                self.id.as_deref()
            }
        })*
    };
}

frames!(SendRequest, SendManyRequest, SyncRequest, HistoryRequest, PresenceRequest; ReadRequest, TypingRequest, HeartbeatRequest);

/// `send`: appends a message to a conversation. Answered by `ack`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendRequest {
    /// Required; becomes the message's `client_message_id`.
    pub id: String,
    /// A user, a group or a 1:1 conversation.
    pub to: String,
    /// The text of the message; required unless there are attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `med_…` ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<String>>,
    /// The `seq` of an earlier message of the conversation, which this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// `usr_…` ids of the mentioned users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<String>>,
    /// The author's read mark when the message was written, 0 for none; if absent, everything before the message
    /// counts as read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<u64>,
}

/// `send_many`: appends several messages to a conversation, one after another. Answered by `acks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendManyRequest {
    /// Echoed in the answer.
    pub id: String,
    /// A user, a group or a 1:1 conversation.
    pub to: String,
    /// From 1 to [`SEND_MANY_MAX`](crate::limits::SEND_MANY_MAX) messages, in the order in which they are appended.
    pub messages: Vec<OneOfMany>,
}

/// A message of a `send_many`; the fields are those of [`SendRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OneOfMany {
    /// Becomes the message's `client_message_id`.
    pub id: String,
    /// See [`SendRequest::text`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// See [`SendRequest::attachments`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<String>>,
    /// See [`SendRequest::reply_to`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// See [`SendRequest::mentions`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<String>>,
    /// See [`SendRequest::read_seq`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<u64>,
}

/// `sync`: asks for all messages that this device lacks. Answered by one or more `sync` frames.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncRequest {
    /// Echoed in every frame of the answer.
    pub id: String,
    /// Per conversation, the highest `seq` up to which the device has everything.
    pub cursors: BTreeMap<String, u64>,
    /// Most messages per conversation, oldest first; if absent, all messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// True: reads only the conversations that `cursors` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<bool>,
    /// The `next` of the previous answer, which this answer continues; all other fields as in the first request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// `history`: asks for one page of a conversation. Answered by `history`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// Echoed in the answer.
    pub id: String,
    /// The conversation.
    pub conversation: String,
    /// Asks for the messages just before this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Asks for the messages just after this position; 0 begins at the first message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Most messages of the page, 1–100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// `read`: the user has read up to `seq`. Answered by `ok` if there is an `id`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadRequest {
    /// Echoed in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The conversation.
    pub conversation: String,
    /// The last position that was read.
    pub seq: u64,
}

/// `typing`: the user is typing. Not answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypingRequest {
    /// Echoed in an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The conversation.
    pub conversation: String,
}

/// `presence`: asks for the presence of users. Answered by `presence`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PresenceRequest {
    /// Echoed in the answer.
    pub id: String,
    /// At most [`PRESENCE_USERS_MAX`](crate::limits::PRESENCE_USERS_MAX) `usr_…` ids.
    pub users: Vec<String>,
}

/// `heartbeat`: this device is alive. Answered by `heartbeat`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeartbeatRequest {
    /// Echoed in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// True: the device is connected, but nobody uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<bool>,
}
