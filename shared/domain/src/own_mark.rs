//! Where a message moves the read marker of its author.

use crate::{Heading, Kind, Message, Seq, UserId};

/// Positions by which a marker lags behind its user's own messages at most, where nothing of others was unread.
///
/// A marker is a write, so it does not move with each message of somebody who writes several in a row.
pub const LAG_MAX: u64 = 16;

/// How far an author had read when the message was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadThrough {
    /// All that is before the message.
    #[default]
    BeforeMessage,
    /// Up to this position, inclusive; `None` where nothing was read.
    Seq(Option<Seq>),
}

/// What is known of the entries before a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Texts of others.
    others: Vec<Seq>,
    /// The lowest position that was looked at.
    lowest: Option<Seq>,
    /// Others may have written what was not looked at.
    is_uncertain: bool,
}

impl Before {
    /// Looks at the newest entries of a log.
    pub fn of(newest: &[Message], author: UserId) -> Self {
        let is_others = |entry: &Heading| entry.sender != author && entry.kind == Kind::Text;
        let headings: Vec<Heading> = newest.iter().map(Heading::from).collect();
        Self {
            others: headings.iter().filter(|entry| is_others(entry)).map(|entry| entry.seq).collect(),
            lowest: headings.iter().map(|entry| entry.seq).min(),
            is_uncertain: false,
        }
    }

    /// Notes that something was appended meanwhile.
    pub fn add_unknown(&mut self) {
        self.is_uncertain = true;
    }

    /// Whether others have written between two positions: after the first, and up to the second.
    ///
    /// What lies before the entries that were looked at is taken for the author's own, which an earlier message of theirs
    /// has seen, unless all of it lies there.
    fn have_others_written(&self, after: Option<Seq>, through: Seq) -> bool {
        let is_beyond = self.lowest.is_some_and(|lowest| through < lowest);
        let is_between = |seq: &Seq| Some(*seq) > after && *seq <= through;
        self.is_uncertain || is_beyond || self.others.iter().any(is_between)
    }
}

/// Where a message moves its author's read marker; `None` where it stays.
///
/// Never to the message or beyond. It moves where something of others was unread, or where it has come to lag by
/// [`LAG_MAX`].
pub fn own_mark(marker: Option<Seq>, said: ReadThrough, message: Seq, before: &Before) -> Option<Seq> {
    let bound = message.previous()?;
    let through = match said {
        ReadThrough::BeforeMessage => bound,
        ReadThrough::Seq(seq) => seq?.min(bound),
    };
    let lag = through.get().checked_sub(marker.map_or(0, Seq::get)).filter(|lag| *lag > 0)?;
    (lag >= LAG_MAX || before.have_others_written(marker, through)).then_some(through)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Attempt;
    use crate::{Content, ConversationId, Timestamp};

    fn user(n: u128) -> UserId {
        UserId::new(ulid::Ulid(n))
    }

    fn seq(n: u64) -> Seq {
        Seq::new(n).unwrap()
    }

    /// Entries from a position on, by whom; 0 stands for a system entry of the other.
    fn before(from: u64, senders: &[u128]) -> Before {
        let mut entries: Vec<Message> = senders
            .iter()
            .zip(from..)
            .map(|(sender, n)| Message {
                conversation: ConversationId::dm(user(1), user(2)).unwrap(),
                seq: seq(n),
                sender: user(if *sender == 0 { 2 } else { *sender }),
                client_message_id: "c".parse().unwrap(),
                content: Content::default(),
                kind: if *sender == 0 { Kind::GroupRenamed } else { Kind::Text },
                sent_at: Timestamp::from_ms(0),
                attempt: Attempt(0),
                expires_at: None,
                mark_revision: 0,
            })
            .collect();
        entries.reverse();
        Before::of(&entries, user(1))
    }

    #[track_caller]
    fn check(marker: u64, said: Option<u64>, message: u64, before: &Before, expected: u64) {
        let said = said.map_or(ReadThrough::BeforeMessage, |said| ReadThrough::Seq(Seq::new(said)));
        assert_eq!(own_mark(Seq::new(marker), said, seq(message), before), Seq::new(expected));
    }

    #[test]
    fn a_message_marks_what_others_have_written_before_it() {
        check(0, None, 3, &before(1, &[2, 2]), 2);
        check(1, None, 4, &before(1, &[2, 1, 2]), 3);
        check(2, None, 4, &before(1, &[2, 2, 1]), 0);
        check(0, None, 1, &Before::default(), 0);
    }

    #[test]
    fn what_the_client_says_it_has_read_bounds_the_mark() {
        check(0, Some(1), 3, &before(1, &[2, 2]), 1);
        check(0, Some(0), 3, &before(1, &[2, 2]), 0);
        check(2, Some(1), 4, &before(1, &[2, 2, 2]), 0);
        check(0, Some(99), 3, &before(1, &[2, 2]), 2);
    }

    #[test]
    fn a_marker_lags_behind_own_messages_and_system_entries_but_not_far() {
        check(4, None, 20, &before(13, &[1; 7]), 0);
        check(4, None, 21, &before(14, &[1; 7]), 20);
        check(4, None, 8, &before(1, &[1, 1, 1, 1, 0, 0, 1]), 0);
    }

    #[test]
    fn what_was_not_looked_at_may_be_unread_where_the_author_says_that_it_was_read() {
        check(4, Some(6), 18, &before(11, &[1; 7]), 6);
    }

    #[test]
    fn what_came_in_between_may_be_of_others() {
        let mut before = before(1, &[2, 1]);
        before.add_unknown();
        check(2, None, 4, &before, 3);
    }
}
