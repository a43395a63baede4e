//! Frames that the server sends; `type` distinguishes them.

use serde::{Deserialize, Serialize};

use crate::{Ack, ErrorBody, ErrorFrame, Message};

/// A frame that the server sends over a WebSocket.
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
    /// Answer to `sync`; one of several if the answer is long.
    Sync(SyncFrame),
    /// Answer to `history`.
    History(HistoryFrame),
    /// Answer to `read`.
    Ok(OkFrame),
    /// Event: a user has read a conversation up to a position.
    Receipt(ReceiptEvent),
    /// Event: the user's list of conversations has changed.
    Conversation(ConversationEvent),
    /// Event: a user is typing; it ends by itself after 5 seconds.
    Typing(TypingEvent),
    /// Answer to `presence`. Without an `id`, an event: a user came online or went offline.
    Presence(PresenceFrame),
    /// Event: the relation between another user and this one has changed.
    Contact(ContactEvent),
    /// Event: the profile of a friend, or the user's own, has changed.
    Profile(ProfileEvent),
    /// Answer to `heartbeat`. Without `server_at_ms`, a probe.
    Heartbeat(HeartbeatFrame),
    /// Event: the server is about to close this socket.
    Closing(ClosingEvent),
    /// Answer to a request that was refused or failed.
    Error(ErrorFrame),
}

/// Outcomes of the messages of a `send_many`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acks {
    /// The request's id.
    pub id: String,
    /// Outcomes in the order of the request, up to and including the first message that failed.
    pub acks: Vec<SendOutcome>,
}

/// Outcome of one message of a `send_many`.
///
/// Shape: `{"id":"…","seq":7,"sent_at_ms":1795500001000,"duplicate":false}`, or the message's `id` with the fields of
/// an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SendOutcome {
    /// The message is durable.
    Acked {
        /// The message's id.
        id: String,
        /// The message's position.
        seq: u64,
        /// When the message was sent. Unit: milliseconds since the Unix epoch.
        sent_at_ms: u64,
        /// True if an earlier request with this id appended the message.
        duplicate: bool,
    },
    /// The message was refused or failed. The messages after it were not tried.
    Failed {
        /// The message's id; absent if it is longer than [`ID_BYTES_MAX`](crate::limits::ID_BYTES_MAX).
        #[serde(skip_serializing_if = "Option::is_none", default)]
        id: Option<String>,
        /// The error.
        #[serde(flatten)]
        error: ErrorBody,
    },
}

/// Messages that a device lacks: a part of the answer, or all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncFrame {
    /// The request's id.
    pub id: String,
    /// Conversations; one may occur again in a later frame with further messages.
    pub conversations: Vec<SyncConversation>,
    /// True only in the last frame of a whole answer.
    pub complete: bool,
    /// In the last frame of an answer that ran out of time: repeat the request with this as `after`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// The messages of one conversation that a device lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncConversation {
    /// The conversation.
    pub conversation: String,
    /// `dm` or `group`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<String>,
    /// The group's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Position of the newest message that the user may read. If the messages that were read are no longer kept, the
    /// read mark; 0 if there is neither.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_seq: Option<u64>,
    /// The user's own read mark; 0 if nothing is read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub read_seq: Option<u64>,
    /// True if the user has left the group or was removed; the other fields are then `conversation`, `last_seq` and
    /// `messages`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left: Option<bool>,
    /// True if the group was deleted; the other fields are then `conversation`, `last_seq` and `messages`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deleted: Option<bool>,
    /// Messages, ascending by `seq`.
    pub messages: Vec<Message>,
}

/// One page of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFrame {
    /// The request's id.
    pub id: String,
    /// The conversation.
    pub conversation: String,
    /// Messages, ascending by `seq`.
    pub messages: Vec<Message>,
    /// Whether there are more messages in the direction of the request.
    pub more: bool,
}

/// The request succeeded; the answer has no data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OkFrame {
    /// The request's id.
    pub id: String,
}

/// A read mark has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptEvent {
    /// The conversation.
    pub conversation: String,
    /// The user who has read.
    pub user: String,
    /// The last position that was read.
    pub read_seq: u64,
}

/// A conversation has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationEvent {
    /// The conversation.
    pub conversation: String,
    /// The change.
    pub change: ConversationChange,
    /// Position of the system entry of the change. Events may overtake each other: the highest `seq` counts.
    pub seq: u64,
    /// The group's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
}

/// Change of a conversation, in a [`ConversationEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationChange {
    /// The user has become a member.
    Added,
    /// The user is no longer a member.
    Removed,
    /// The group has another name.
    Renamed,
    /// The group was deleted.
    Deleted,
}

/// A user is typing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingEvent {
    /// The conversation.
    pub conversation: String,
    /// The user.
    pub user: String,
}

/// Presence of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceFrame {
    /// The request's id; absent in an event.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The users whose presence the caller may see.
    pub users: Vec<UserPresence>,
}

/// Presence of one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPresence {
    /// The user.
    pub user: String,
    /// `online` or `offline`.
    pub status: String,
    /// True if the user is connected but idle: nobody uses the user's devices. Only friends, and the user, see it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub idle: bool,
    /// When the user was last active; 0 if never; absent for members of a group who are not friends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_active_at_ms: Option<u64>,
}

/// The relation between another user and this one has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactEvent {
    /// The other user.
    pub user: String,
    /// The change.
    pub change: ContactEventChange,
}

/// Change of a relation, in a [`ContactEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactEventChange {
    /// The other user asks to be friends.
    Requested,
    /// The two are friends.
    Friends,
    /// The two are no longer friends, or the other user has withdrawn the request.
    Ended,
}

/// The public profile of a user, after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileEvent {
    /// The user.
    pub user: String,
    /// Name for people.
    pub display_name: String,
    /// A media id, or the address of a picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub avatar: Option<String>,
}

/// The last event of a socket that the server closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingEvent {
    /// The reason, which decides whether the client connects again.
    pub reason: ClosingReason,
}

/// Reason of a [`ClosingEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosingReason {
    /// Newer sockets of the same device took its place. The client connects again only when its user acts.
    Displaced,
    /// The login has ended. The client must not connect again with it.
    LoggedOut,
    /// The client did not read its frames. It connects again after a pause that grows.
    TooSlow,
}

impl ClosingReason {
    /// Close code of RFC 6455 with which the local runner closes. API Gateway offers none.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Displaced => 4001,
            Self::LoggedOut => 4002,
            Self::TooSlow => 4003,
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Displaced => "displaced",
            Self::LoggedOut => "logged_out",
            Self::TooSlow => "too_slow",
        }
    }
}

/// Answer to a heartbeat, which has renewed the lease; or a probe, which the client answers immediately with a
/// `heartbeat`.
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
