//! The log of a conversation.

use std::future::Future;

use confab_domain::high_water::{HighWaterMark, LogEnd};
use confab_domain::{ConversationId, Heading, Joined, Message, Seq};

use super::StoreError;

/// The end of a log, from a strongly consistent read.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// The newest entries, newest first, **expired ones included**: they hold positions.
    pub newest: Vec<Message>,
    /// Whether there may be entries before the last of `newest`; if false, there are none.
    pub more: bool,
}

/// The end of a log with its high-water mark, from strongly consistent reads. The two decide the append position.
///
/// The two may be read at slightly different times: see [`LogEnd::has_old_mark`].
#[derive(Clone, Debug, Default)]
pub struct End {
    /// The newest entries.
    pub tail: Tail,
    /// The high-water mark, where the log has one.
    pub mark: Option<HighWaterMark>,
}

/// Order of the entries of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending, from the lowest position of the range.
    Up,
    /// Descending, from the highest position of the range.
    Down,
}

/// A run of positions, both ends inclusive, and the direction in which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The lowest position.
    pub from: Seq,
    /// The highest position.
    pub to: Seq,
    /// The direction.
    pub direction: Direction,
}

impl Tail {
    /// The last position; `None` where no entry is left.
    pub fn last(&self) -> Option<Seq> {
        self.newest.first().map(|newest| newest.seq)
    }
}

impl End {
    /// The parts that decide the append position.
    pub fn decisive(&self) -> LogEnd {
        LogEnd::new(self.tail.newest.first(), self.mark)
    }
}

impl Range {
    /// All positions after `cursor`, ascending; `None` after the last possible position.
    pub fn after(cursor: Option<Seq>) -> Option<Self> {
        Seq::following(cursor).map(|from| Self { from, to: Seq::MAX, direction: Direction::Up })
    }

    /// All positions before `position`, descending; `None` before the first.
    pub fn before(position: Seq) -> Option<Self> {
        position.previous().map(|to| Self { from: Seq::FIRST, to, direction: Direction::Down })
    }

    /// The parts of the range that a user with these memberships may read, in the range's direction.
    pub fn readable(self, joined: &Joined) -> Vec<Self> {
        let parts = joined.within(self.from, self.to).into_iter();
        let parts = parts.map(|(from, to)| Self { from, to, ..self });
        match self.direction {
            Direction::Up => parts.collect(),
            Direction::Down => parts.rev().collect(),
        }
    }

    /// The whole log, descending.
    pub const fn from_newest() -> Self {
        Self { from: Seq::FIRST, to: Seq::MAX, direction: Direction::Down }
    }

    /// The rest of the range after `last` was read; `None` where no position is left.
    pub fn beyond(self, last: Seq) -> Option<Self> {
        let rest = match self.direction {
            Direction::Up => Self { from: Seq::following(Some(last))?, ..self },
            Direction::Down => Self { to: last.previous()?, ..self },
        };
        (rest.from <= rest.to).then_some(rest)
    }
}

/// Upper bound of the texts of one page together. Unit: bytes, decompressed. A page has at least one entry, whatever
/// its length.
///
/// A page is bounded in bytes, since 500 entries of 60 compressed bytes may decompress to 200 MB. A request reads up to
/// [`STORE_CALLS_MAX`](crate::limits::concurrency::STORE_CALLS_MAX) pages concurrently: together they stay within 32 MB of the
/// 512 MB that a function has.
pub const PAGE_TEXT_BYTES_MAX: usize = 1024 * 1024;

/// A page of a log.
#[derive(Clone, Debug)]
pub struct Page<E = Message> {
    /// Entries in the range's direction, expired ones included.
    pub entries: Vec<E>,
    /// Whether the range may hold more entries beyond the last one; if false, it holds none.
    pub more: bool,
}

impl<E> Default for Page<E> {
    fn default() -> Self {
        Self { entries: Vec::new(), more: false }
    }
}

/// Why an append failed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// This message has the position; nothing was written.
    #[error("the position is taken")]
    Occupied(Box<Message>),
    /// See [`StoreError::Unavailable`]: the append may have been committed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The append-only log of each conversation.
///
/// All reads are strongly consistent: they see every append that was
/// acknowledged before they began.
pub trait MessageLog: Send + Sync {
    /// The end of the log, with up to `entries_max` of its newest entries.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn tail(
        &self,
        conversation: ConversationId,
        entries_max: u32,
    ) -> impl Future<Output = Result<Tail, StoreError>> + Send;

    /// Up to `entries_max` entries of a range; fewer, with `more`, where their texts exceed [`PAGE_TEXT_BYTES_MAX`]
    /// together, or where the store returns no more in one answer.
    ///
    /// A page with `more` is never empty.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn page(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// As [`page`](MessageLog::page), for the same price, without the texts: the store neither sends nor decompresses
    /// them.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn headings(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> impl Future<Output = Result<Page<Heading>, StoreError>> + Send;

    /// As [`tail`](MessageLog::tail), with the high-water mark of the log.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn end(
        &self,
        conversation: ConversationId,
        entries_max: u32,
    ) -> impl Future<Output = Result<End, StoreError>> + Send;

    /// Writes a message at its `seq` if the position is free. A store may remove the message when it has expired.
    ///
    /// # Errors
    ///
    /// [`AppendError::Occupied`] where another append has written first, or where this append has written and its first
    /// answer was lost: compare the attempts. [`AppendError::Store`], where the outcome may be unknown.
    fn append(&self, message: &Message) -> impl Future<Output = Result<(), AppendError>> + Send;

    /// The log's high-water mark, which does not expire.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn mark(
        &self,
        conversation: ConversationId,
    ) -> impl Future<Output = Result<Option<HighWaterMark>, StoreError>> + Send;

    /// Replaces the mark of the revision before `mark.revision`, atomically; false where the log has another. Before
    /// revision 1, the log has no mark.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A repetition after an unknown outcome may find its own mark.
    fn set_mark(
        &self,
        conversation: ConversationId,
        mark: HighWaterMark,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
