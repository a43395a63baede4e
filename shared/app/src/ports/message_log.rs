//! The log of a conversation.

use std::future::Future;

use confab_domain::high_water::{HighWaterMark, LogEnd};
use confab_domain::{ConversationId, Heading, Joined, Message, Seq};

use super::StoreError;

/// The end of a log as a strongly consistent read gave it.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// The newest entries, newest first, **expired ones included**: they hold positions.
    pub newest: Vec<Message>,
    /// Whether there may be entries before the last of `newest`; if false, there are none.
    pub more: bool,
}

/// The end of a log with what decides where it goes on, as a strongly consistent read gave it.
///
/// The two parts may be of slightly different times: see [`LogEnd::has_old_mark`].
#[derive(Clone, Debug, Default)]
pub struct End {
    /// Its newest entries.
    pub tail: Tail,
    /// Its high-water mark, where it has one.
    pub mark: Option<HighWaterMark>,
}

/// Which way a page extends from where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending, from the lowest position of the range.
    Up,
    /// Descending, from the highest position of the range.
    Down,
}

/// A run of positions, both ends inclusive, read from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The lowest position.
    pub from: Seq,
    /// The highest position.
    pub to: Seq,
    /// From which end.
    pub direction: Direction,
}

impl Tail {
    /// The last position; `None` where no message is left.
    pub fn last(&self) -> Option<Seq> {
        self.newest.first().map(|newest| newest.seq)
    }
}

impl End {
    /// What decides where the log goes on.
    pub fn decisive(&self) -> LogEnd {
        LogEnd::new(self.tail.newest.first(), self.mark)
    }
}

impl Range {
    /// Everything after `cursor`, ascending; empty (`None`) at the end of the number space.
    pub fn after(cursor: Option<Seq>) -> Option<Self> {
        Seq::following(cursor).map(|from| Self { from, to: Seq::MAX, direction: Direction::Up })
    }

    /// Everything before `position`, descending; empty (`None`) before the first.
    pub fn before(position: Seq) -> Option<Self> {
        position.previous().map(|to| Self { from: Seq::FIRST, to, direction: Direction::Down })
    }

    /// The parts of it that somebody may read, in its direction.
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

    /// What is left after `last` was read; `None` where nothing can be.
    pub fn beyond(self, last: Seq) -> Option<Self> {
        let rest = match self.direction {
            Direction::Up => Self { from: Seq::following(Some(last))?, ..self },
            Direction::Down => Self { to: last.previous()?, ..self },
        };
        (rest.from <= rest.to).then_some(rest)
    }
}

/// Longest texts that one page holds together. Unit: bytes, unpacked; a page has one entry whatever its length.
///
/// A page is bounded in bytes, since 500 entries of 60 packed bytes may unpack to 200 MB. A request reads up to
/// [`STORE_CALLS_MAX`](crate::concurrency::STORE_CALLS_MAX) pages at once: together they stay within 32 MB of the 512 MB
/// that a function has.
pub const PAGE_TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Some of a log.
#[derive(Clone, Debug)]
pub struct Page<E = Message> {
    /// In the range's direction, expired ones included.
    pub entries: Vec<E>,
    /// Whether the range may hold more beyond the last entry; if false, it holds none.
    pub more: bool,
}

impl<E> Default for Page<E> {
    fn default() -> Self {
        Self { entries: Vec::new(), more: false }
    }
}

/// Why an append wrote nothing, or may have.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The position is taken, by the message given; nothing was written.
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
    /// together, or where the store gives no more at once.
    ///
    /// Never empty with `more` set.
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

    /// As [`page`](MessageLog::page), of entries whose texts are neither sent nor unpacked: for the same price.
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

    /// The end of the log as [`MessageLog::tail`], with its high-water mark.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn end(
        &self,
        conversation: ConversationId,
        entries_max: u32,
    ) -> impl Future<Output = Result<End, StoreError>> + Send;

    /// Writes the message at its `seq` if nothing is there. A store may remove it when it has expired.
    ///
    /// # Errors
    ///
    /// [`AppendError::Occupied`] when another append won, or when this one did
    /// and its first answer was lost: compare the attempts.
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

    /// Replaces the mark of the revision before, the absent one before revision 1, atomically; false where another is
    /// there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Done again after an unknown outcome, it may find its own mark.
    fn set_mark(
        &self,
        conversation: ConversationId,
        mark: HighWaterMark,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
