//! Bounds of the read mark that a message sets for its author.

use confab_domain::own_mark::{LAG_MAX, ReadThrough};
use confab_domain::{Kind, Message, Seq, UserId};

/// Entries before its message that a send scans. Entries of others further back count as read.
pub(crate) const SCANNED: u64 = 7;

/// The highest position that a message may mark as read.
pub(crate) fn read_through(message: Seq, through: ReadThrough) -> Option<Seq> {
    let before = message.previous();
    match through {
        ReadThrough::BeforeMessage => before,
        ReadThrough::Seq(seq) => seq.min(before),
    }
}

/// The lowest position that a message may mark as read, if its author claims to have read up to `said` and the send
/// scanned the entries from `first` on. The mark may lag behind positions that hold no entries of others.
pub(crate) fn least(author: UserId, log: &[Message], said: Seq, first: u64) -> Option<Seq> {
    let is_others = |entry: &&Message| entry.sender != author && entry.kind == Kind::Text;
    let is_seen = |seq: &Seq| seq.get() >= first && *seq <= said;
    let seen = log.iter().filter(is_others).map(|entry| entry.seq).filter(is_seen).max();
    seen.max(Seq::new(said.get().saturating_sub(LAG_MAX - 1)))
}
