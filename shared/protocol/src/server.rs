//! Frames that the server sends; `type` tells them apart.

use serde::{Deserialize, Serialize};

use crate::{Ack, ErrorFrame, Message};

/// Everything that the server sends over a WebSocket.
///
/// Clients ignore a `type` that they do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answer to `send`.
    Ack(Ack),
    /// Event: a new message.
    Message(Message),
    /// Answer to `sync`, possibly one of several.
    Sync(Sync),
    /// Answer to `history`.
    History(History),
    /// Answer to `read`.
    Ok(Ok),
    /// Event: somebody has read a conversation up to a position.
    Receipt(Receipt),
    /// Event: the user's list of conversations has changed.
    Conversation(Conversation),
    /// Answer to `heartbeat`.
    Heartbeat(Heartbeat),
    /// A request was refused or failed.
    Error(ErrorFrame),
}

/// Some or all of what a device lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    /// The request's id.
    pub id: String,
    /// A conversation may come again in a later frame with further messages.
    pub conversations: Vec<SyncConversation>,
    /// True in the last frame of the answer only.
    pub complete: bool,
}

/// What a device lacks of one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncConversation {
    /// Which conversation.
    pub conversation: String,
    /// `dm` or `group`.
    pub kind: String,
    /// A group's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Position of the newest message; 0 where there is none.
    pub last_seq: u64,
    /// The user's own read marker; 0 where nothing is read.
    pub read_seq: u64,
    /// Ascending `seq`.
    pub messages: Vec<Message>,
}

/// One page of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The request's id.
    pub id: String,
    /// Which conversation.
    pub conversation: String,
    /// Ascending `seq`.
    pub messages: Vec<Message>,
    /// Whether there is more in the direction that was asked for.
    pub more: bool,
}

/// Done; there is nothing else to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ok {
    /// The request's id.
    pub id: String,
}

/// A read marker moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which conversation.
    pub conversation: String,
    /// Who has read.
    pub user: String,
    /// Up to and including.
    pub read_seq: u64,
}

/// What has become of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Which conversation.
    pub conversation: String,
    /// What has happened to it.
    pub change: ConversationChange,
    /// A group's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
}

/// See [`Conversation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationChange {
    /// The user is in it now.
    Added,
    /// The user is no longer in it.
    Removed,
    /// It has another name.
    Renamed,
    /// It has ended.
    Deleted,
}

/// The lease is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The server's clock. Unit: milliseconds since the Unix epoch.
    pub server_at_ms: u64,
    /// When the next heartbeat is due. Unit: seconds from now.
    pub next_seconds: u64,
}
