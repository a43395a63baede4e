//! The log of a conversation: the one durable truth of its messages.
//!
//! A log is a run of positions 1, 2, 3 … An append writes position head + 1 on
//! the condition that nothing is there; so, by induction, a log has no hole, and
//! a reader that holds `n` and `n + 2` knows that it lacks `n + 1`.

use std::fmt;

use crate::{ClientMessageId, Content, ConversationId, Timestamp, UserId};

/// Position of a message in its conversation's log.
///
/// Starts at 1, grows by 1, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// The first position of every log.
    pub const FIRST: Self = Self(1);

    /// The largest position: the largest integer that every JSON parser keeps exact.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The position, or `None` for 0 and for what is over [`Seq::MAX`].
    pub fn new(position: u64) -> Option<Self> {
        (Self::FIRST.0..=Self::MAX.0).contains(&position).then_some(Self(position))
    }

    /// The position as a number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position that follows `head`, the first where there is none.
    ///
    /// `None` at the end of the number space, which no conversation lives to see.
    pub fn following(head: Option<Self>) -> Option<Self> {
        Self::new(head.map_or(0, Self::get) + 1)
    }

    /// The position half-way to a later one, rounded down.
    #[must_use]
    pub const fn middle(self, later: Self) -> Self {
        Self(self.0 + later.0.saturating_sub(self.0) / 2)
    }

    /// The position before this one, `None` before the first.
    pub fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a message is: something that a member wrote, or a change of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A member wrote it.
    Text,
    /// The group begins; says its name, and mentions who is in it besides the sender.
    GroupCreated,
    /// Mentions who has come in.
    MemberAdded,
    /// Mentions who is no longer in it: the sender, who has left, or another.
    MemberRemoved,
    /// Mentions whose role has changed, and says to which.
    RoleChanged,
    /// Says the new name.
    GroupRenamed,
    /// The last entry of a group.
    GroupDeleted,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::GroupCreated,
        Self::MemberAdded,
        Self::MemberRemoved,
        Self::RoleChanged,
        Self::GroupRenamed,
        Self::GroupDeleted,
    ];

    /// Its name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::GroupCreated => "group_created",
            Self::MemberAdded => "member_added",
            Self::MemberRemoved => "member_removed",
            Self::RoleChanged => "role_changed",
            Self::GroupRenamed => "group_renamed",
            Self::GroupDeleted => "group_deleted",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it is.
    pub conversation: ConversationId,
    /// Its position there.
    pub seq: Seq,
    /// Who wrote it.
    pub sender: UserId,
    /// Under which key.
    pub client_message_id: ClientMessageId,
    /// What it says.
    pub content: Content,
    /// What it is.
    pub kind: Kind,
    /// When it was appended, by the appending server's clock.
    pub sent_at: Timestamp,
    /// The one try that wrote it. Tells a writer whose answer was lost from another writer with the same key.
    pub attempt: Attempt,
    /// When it may be removed, by the retention under which it was appended; `None` is never. Whole seconds.
    pub expires_at: Option<Timestamp>,
    /// Revision of the log's [`HighWaterMark`](crate::high_water::HighWaterMark) that its writer knew; 0 without one.
    pub mark_revision: u64,
}

impl Message {
    /// Whether this is the message that `sender` sent under `key`.
    pub fn is(&self, sender: UserId, key: &ClientMessageId) -> bool {
        self.sender == sender && self.client_message_id == *key
    }
}

/// An entry of a log without what it says: enough to count it, and to decide whether it is alerted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its position.
    pub seq: Seq,
    /// Who wrote it.
    pub sender: UserId,
    /// What it is.
    pub kind: Kind,
    /// When it was appended, by the appending server's clock.
    pub sent_at: Timestamp,
    /// As [`Message::expires_at`].
    pub expires_at: Option<Timestamp>,
}

impl From<&Message> for Heading {
    fn from(message: &Message) -> Self {
        let Message { seq, sender, kind, sent_at, expires_at, .. } = *message;
        Self { seq, sender, kind, sent_at, expires_at }
    }
}

/// One try at appending a message, unique among the tries of the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_begin_at_1_and_end_where_json_numbers_do() {
        assert_eq!(Seq::new(0), None);
        assert_eq!(Seq::new(1), Some(Seq::FIRST));
        assert_eq!(Seq::new(1 << 53), None);
        assert_eq!(Seq::new(1 << 63), None);
        assert_eq!(Seq::following(None), Some(Seq::FIRST));
        assert_eq!(Seq::following(Seq::new(7)), Seq::new(8));
        assert_eq!(Seq::following(Some(Seq::MAX)), None);
        assert_eq!(Seq::FIRST.previous(), None);
    }
}
