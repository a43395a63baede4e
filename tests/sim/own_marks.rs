//! How far a message marks its conversation as read for its author.

use confab_domain::own_mark::{LAG_MAX, ReadThrough};
use confab_domain::{Kind, Message, Seq, UserId};

/// Entries before its message that a send looks at; what others have written further back, it takes for read.
pub(crate) const SCANNED: u64 = 7;

/// Up to where a message marks at most.
pub(crate) fn read_through(message: Seq, through: ReadThrough) -> Option<Seq> {
    let before = message.previous();
    match through {
        ReadThrough::BeforeMessage => before,
        ReadThrough::Seq(seq) => seq.min(before),
    }
}

/// Up to where a message marks at least whose author says to have read up to `said`, by a send that looked at the entries
/// from `first` on: a marker may lag behind what nobody else has written.
pub(crate) fn least(author: UserId, log: &[Message], said: Seq, first: u64) -> Option<Seq> {
    let is_others = |entry: &&Message| entry.sender != author && entry.kind == Kind::Text;
    let is_seen = |seq: &Seq| seq.get() >= first && *seq <= said;
    let seen = log.iter().filter(is_others).map(|entry| entry.seq).filter(is_seen).max();
    seen.max(Seq::new(said.get().saturating_sub(LAG_MAX - 1)))
}
