//! Frames that the server sends; `type` tells them apart.

use serde::{Deserialize, Serialize};

use crate::{Ack, ErrorBody, ErrorFrame, Message};

/// Everything that the server sends over a WebSocket.
///
/// Clients ignore a `type` that they do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answer to `send`.
    Ack(Ack),
    /// Answer to `send_many`.
    Acks(Acks),
    /// Event: a new message.
    Message(Message),
    /// Answer to `sync`, possibly one of several.
    Sync(SyncFrame),
    /// Answer to `history`.
    History(HistoryFrame),
    /// Answer to `read`.
    Ok(OkFrame),
    /// Event: somebody has read a conversation up to a position.
    Receipt(ReceiptEvent),
    /// Event: the user's list of conversations has changed.
    Conversation(ConversationEvent),
    /// Event: somebody is writing; it ends by itself after 5 seconds.
    Typing(TypingEvent),
    /// Answer to `presence`; without an `id`, an event: somebody has come or gone.
    Presence(PresenceFrame),
    /// Event: what another user is to this one has changed.
    Contact(ContactEvent),
    /// Event: the profile of a friend, or the user's own, has changed.
    Profile(ProfileEvent),
    /// Answer to `heartbeat`; without `server_at_ms`, a probe.
    Heartbeat(HeartbeatFrame),
    /// Event: the server is about to close this socket.
    Closing(ClosingEvent),
    /// A request was refused or failed.
    Error(ErrorFrame),
}

/// What several messages came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acks {
    /// The request's id.
    pub id: String,
    /// In the order of the request, up to the first that was not acked, inclusive.
    pub acks: Vec<SendOutcome>,
}

/// What one message of several came to.
///
/// Shape: `{"id":"…","seq":7,"sent_at_ms":1795500001000,"duplicate":false}`, or the message's `id` with the fields of
/// an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SendOutcome {
    /// It is durable.
    Acked {
        /// The message's id.
        id: String,
        /// Its position.
        seq: u64,
        /// Unit: milliseconds since the Unix epoch.
        sent_at_ms: u64,
        /// True where an earlier request with this id had put the message there.
        duplicate: bool,
    },
    /// It was refused or failed, and none after it was tried.
    Failed {
        /// The message's id; absent where it is over [`ID_BYTES_MAX`](crate::limits::ID_BYTES_MAX).
        #[serde(skip_serializing_if = "Option::is_none", default)]
        id: Option<String>,
        /// Why.
        #[serde(flatten)]
        error: ErrorBody,
    },
}

/// Some or all of what a device lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncFrame {
    /// The request's id.
    pub id: String,
    /// A conversation may come again in a later frame with further messages.
    pub conversations: Vec<SyncConversation>,
    /// True in the last frame of a whole answer only.
    pub complete: bool,
    /// In the last frame of an answer that could not end in time: send the same again with this as `after`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// What a device lacks of one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncConversation {
    /// Which conversation.
    pub conversation: String,
    /// `dm` or `group`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<String>,
    /// A group's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Position of the newest message that the user may read, or the read marker where the messages that were read are not
    /// kept any more; 0 where there is neither.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_seq: Option<u64>,
    /// The user's own read marker; 0 where nothing is read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub read_seq: Option<u64>,
    /// The user has left the group, or was removed; it has `conversation`, `last_seq` and `messages` besides.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left: Option<bool>,
    /// The group has ended; it has `conversation`, `last_seq` and `messages` besides.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deleted: Option<bool>,
    /// Ascending `seq`.
    pub messages: Vec<Message>,
}

/// One page of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFrame {
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
pub struct OkFrame {
    /// The request's id.
    pub id: String,
}

/// A read marker moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptEvent {
    /// Which conversation.
    pub conversation: String,
    /// Who has read.
    pub user: String,
    /// Up to and including.
    pub read_seq: u64,
}

/// What has become of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationEvent {
    /// Which conversation.
    pub conversation: String,
    /// What has happened to it.
    pub change: ConversationChange,
    /// Position of the entry that says so. Hints may overtake each other: the highest counts.
    pub seq: u64,
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

/// Somebody is writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingEvent {
    /// In which conversation.
    pub conversation: String,
    /// Who.
    pub user: String,
}

/// Who is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceFrame {
    /// The request's id; absent in an event.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// Those of whom the user may know.
    pub users: Vec<UserPresence>,
}

/// Whether somebody is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPresence {
    /// Who.
    pub user: String,
    /// `online` or `offline`.
    pub status: String,
    /// True where they are connected and nobody is at their devices, as those say; told to friends and themselves.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub idle: bool,
    /// When they were last active; 0 where they never were; absent for the members of a group who are no friends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_active_at_ms: Option<u64>,
}

/// What another user is to this one has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactEvent {
    /// The other.
    pub user: String,
    /// What they have become.
    pub change: ContactEventChange,
}

/// See [`ContactEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactEventChange {
    /// They ask to be friends.
    Requested,
    /// They are friends.
    Friends,
    /// They are friends no longer, or have withdrawn their request.
    Ended,
}

/// What everybody may know of a user, as it is after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileEvent {
    /// Whose.
    pub user: String,
    /// For people.
    pub display_name: String,
    /// A media id or an address of a picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub avatar: Option<String>,
}

/// The last event of a socket that the server closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingEvent {
    /// Why, and so whether to connect again.
    pub reason: ClosingReason,
}

/// See [`Closing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosingReason {
    /// Newer sockets of the same device took its place. The client connects again only when its user acts.
    Displaced,
    /// The login has ended. The client never connects again with it.
    LoggedOut,
    /// The client did not read what it was sent. It connects again after a pause that grows.
    TooSlow,
}

impl ClosingReason {
    /// Close code of RFC 6455 that the local runner closes with. API Gateway offers none.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Displaced => 4001,
            Self::LoggedOut => 4002,
            Self::TooSlow => 4003,
        }
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Displaced => "displaced",
            Self::LoggedOut => "logged_out",
            Self::TooSlow => "too_slow",
        }
    }
}

/// The lease is renewed; or, as a probe, should be: the client answers it with a `heartbeat` at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatFrame {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The server's clock; absent in a probe. Unit: milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server_at_ms: Option<u64>,
    /// When the next heartbeat is due. Unit: seconds from now.
    pub next_seconds: u64,
}
