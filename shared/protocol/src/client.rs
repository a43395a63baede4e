//! Frames that a client sends, one struct per `action`.
//!
//! Unknown fields are ignored. The `action` itself is read by the gateway's
//! route selection and is not part of these structs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What every frame has: an `id` that is echoed in the answer.
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

/// `send`: append a message to a conversation. Answered by `ack`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendRequest {
    /// Required; becomes the message's `client_message_id`.
    pub id: String,
    /// A user, a group or a 1:1 conversation.
    pub to: String,
    /// What the message says; required unless there are attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `med_…` ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<String>>,
    /// The `seq` of an earlier message of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// `usr_…` ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<String>>,
    /// How far its author had read when it was written, 0 for nothing; everything before the message where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<u64>,
}

/// `send_many`: append several messages to a conversation, one after another. Answered by `acks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendManyRequest {
    /// Echoed in the answer.
    pub id: String,
    /// A user, a group or a 1:1 conversation.
    pub to: String,
    /// From 1 to [`SEND_MANY_MAX`](crate::limits::SEND_MANY_MAX), in the order in which they are to stand.
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

/// `sync`: give what this device lacks. Answered by one or more `sync` frames.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncRequest {
    /// Echoed in every frame of the answer.
    pub id: String,
    /// Per conversation the highest `seq` up to which the device has everything.
    pub cursors: BTreeMap<String, u64>,
    /// Most messages per conversation, oldest first; everything where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// True: look only at the conversations that `cursors` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<bool>,
    /// The `next` of the answer before, to go on from there; all else as in the first request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// `history`: one page of a conversation. Answered by `history`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// Echoed in the answer.
    pub id: String,
    /// Which conversation.
    pub conversation: String,
    /// Give what is just before this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Give what is just after this position; 0 begins at the first message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// 1–100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// `read`: the user has read up to `seq`. Answered by `ok` if there is an `id`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadRequest {
    /// Echoed in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which conversation.
    pub conversation: String,
    /// Up to and including.
    pub seq: u64,
}

/// `typing`: the user is writing. Not answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypingRequest {
    /// Echoed in an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// In which conversation.
    pub conversation: String,
}

/// `presence`: who of these is there? Answered by `presence`.
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
    /// True: this socket is on, and nobody is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<bool>,
}
