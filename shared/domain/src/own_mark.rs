//! Read mark of a message's author: where the author's message moves it.

use crate::{Heading, Kind, Message, Seq, UserId};

/// Most positions by which a read mark lags behind its user's own messages while no message of others was unread.
///
/// A move of the mark costs a write, so the mark does not move with each of several messages in a row.
pub const LAG_MAX: u64 = 16;

/// The author's read mark when the message was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadThrough {
    /// All entries before the message were read.
    #[default]
    BeforeMessage,
    /// Entries up to this position, inclusive, were read; `None` if none was.
    Seq(Option<Seq>),
}

/// Knowledge about the entries before a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Positions of messages from other users.
    others: Vec<Seq>,
    /// The lowest position that was read from the log.
    lowest: Option<Seq>,
    /// Whether other users may have written entries that were not read from the log.
    is_uncertain: bool,
}

impl Before {
    /// The knowledge from the newest entries of a log.
    pub fn of(newest: &[Message], author: UserId) -> Self {
        let is_others = |entry: &Heading| entry.sender != author && entry.kind == Kind::Text;
        let headings: Vec<Heading> = newest.iter().map(Heading::from).collect();
        Self {
            others: headings.iter().filter(|entry| is_others(entry)).map(|entry| entry.seq).collect(),
            lowest: headings.iter().map(|entry| entry.seq).min(),
            is_uncertain: false,
        }
    }

    /// Records that an unknown entry was appended meanwhile.
    pub fn add_unknown(&mut self) {
        self.is_uncertain = true;
    }

    /// Whether other users have written between two positions: after the first, and up to the second.
    ///
    /// Entries before the lowest one read count as the author's own, since an earlier message of the author has
    /// covered them. If the whole range lies before it, they count as other users'.
    fn have_others_written(&self, after: Option<Seq>, through: Seq) -> bool {
        let is_beyond = self.lowest.is_some_and(|lowest| through < lowest);
        let is_between = |seq: &Seq| Some(*seq) > after && *seq <= through;
        self.is_uncertain || is_beyond || self.others.iter().any(is_between)
    }
}

/// Where a message moves its author's read mark; `None` if the mark stays.
///
/// Never to the message or beyond. The mark moves if a message of other users was unread, or if it lags by
/// [`LAG_MAX`].
pub fn own_mark(marker: Option<Seq>, stated: ReadThrough, message: Seq, before: &Before) -> Option<Seq> {
    let bound = message.previous()?;
    let through = match stated {
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

    /// Entries from a position on, by their senders; 0 stands for a system entry of user 2.
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
    fn check(marker: u64, stated: Option<u64>, message: u64, before: &Before, expected: u64) {
        let stated = stated.map_or(ReadThrough::BeforeMessage, |seq| ReadThrough::Seq(Seq::new(seq)));
        assert_eq!(own_mark(Seq::new(marker), stated, seq(message), before), Seq::new(expected));
    }

    #[test]
    fn a_message_marks_earlier_messages_of_others_as_read() {
        check(0, None, 3, &before(1, &[2, 2]), 2);
        check(1, None, 4, &before(1, &[2, 1, 2]), 3);
        check(2, None, 4, &before(1, &[2, 2, 1]), 0);
        check(0, None, 1, &Before::default(), 0);
    }

    #[test]
    fn the_position_that_the_client_states_bounds_the_mark() {
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
    fn entries_that_were_not_read_from_the_log_may_be_unread_where_the_client_states_a_position() {
        check(4, Some(6), 18, &before(11, &[1; 7]), 6);
    }

    #[test]
    fn an_entry_appended_meanwhile_may_be_of_others() {
        let mut before = before(1, &[2, 1]);
        before.add_unknown();
        check(2, None, 4, &before, 3);
    }
}
