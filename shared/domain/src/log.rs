//! The log of a conversation: its entries, durable and in one order.
//!
//! The positions of a log are 1, 2, 3 … An append writes position head + 1 on the condition that the position is
//! empty. So, by induction, a log has no hole until entries expire, and a reader that holds `n` and `n + 2` knows
//! that it lacks `n + 1`.

use std::fmt;

use crate::{ClientMessageId, Content, ConversationId, Timestamp, UserId};

/// Position of an entry in its conversation's log.
///
/// Starts at 1, grows by 1, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// The first position of every log.
    pub const FIRST: Self = Self(1);

    /// The largest position: the largest integer that every JSON parser keeps exact.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The position, or `None` for 0 and for a number above [`Seq::MAX`].
    pub fn new(position: u64) -> Option<Self> {
        (Self::FIRST.0..=Self::MAX.0).contains(&position).then_some(Self(position))
    }

    /// The position as a number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position that follows `head`; without a head, the first.
    ///
    /// `None` at the end of the number space, which no conversation reaches.
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

/// Kind of an entry: a member's message, or a system entry about the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A message of a member.
    Text,
    /// The group was created. The text is its name; the mentions are the members besides the sender.
    GroupCreated,
    /// The mentioned user became a member.
    MemberAdded,
    /// The mentioned user is no longer a member: the sender, who left, or another user.
    MemberRemoved,
    /// The mentioned user has another role, which the text names.
    RoleChanged,
    /// The group has another name, which is the text.
    GroupRenamed,
    /// The group was deleted. The last entry of its log.
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

    /// The name on the wire and in the store.
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

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The conversation of the log.
    pub conversation: ConversationId,
    /// The position in the log.
    pub seq: Seq,
    /// The user who wrote the entry.
    pub sender: UserId,
    /// The idempotency key of the entry, chosen by the sending device.
    pub client_message_id: ClientMessageId,
    /// The content.
    pub content: Content,
    /// Message or system entry.
    pub kind: Kind,
    /// When it was appended, by the appending server's clock.
    pub sent_at: Timestamp,
    /// The attempt that wrote the entry. It distinguishes a writer whose answer was lost from another writer with the
    /// same key.
    pub attempt: Attempt,
    /// When the entry may be removed, by the retention under which it was appended; `None` is never. Whole seconds.
    pub expires_at: Option<Timestamp>,
    /// Revision of the log's [`HighWaterMark`](crate::high_water::HighWaterMark) that the writer knew; 0 without a
    /// mark.
    pub mark_revision: u64,
}

impl Message {
    /// Whether this is the message that `sender` sent under `key`.
    pub fn is(&self, sender: UserId, key: &ClientMessageId) -> bool {
        self.sender == sender && self.client_message_id == *key
    }
}

/// An entry without its content: enough to count the entry, and to decide whether to alert for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The position in the log.
    pub seq: Seq,
    /// The user who wrote the entry.
    pub sender: UserId,
    /// Message or system entry.
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

/// One try to append a message, unique among the tries of that message.
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
