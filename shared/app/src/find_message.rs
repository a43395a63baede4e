//! Looking for a message that an earlier send with the same key may have appended.

use confab_domain::claim::{Seen, searched_far_enough};
use confab_domain::{Kind, Message, Refusal, Seq, Timestamp, membership};

use crate::Error;
use crate::membership::not_a_member;
use crate::ports::{Direction, Groups, Inboxes, MessageLog, Range, Tail};
use crate::send_message::SendMessage;

/// Entries in one page of a search for the caller's own message.
const SEARCH_PAGE: u32 = 100;

/// How far the log has been searched for the caller's own message.
pub(crate) enum Search {
    /// Here it is.
    Found(Box<Message>),
    /// It is not at or before the newest message, which is this one.
    NotBefore(Option<Box<Message>>),
    /// Nor is it there, and what was looked at tells that the sender is out.
    Out(Option<Box<Message>>),
}

/// Where a search from the newest entry backwards may stop.
pub(crate) struct Bound {
    claimed_at: Timestamp,
    known: Option<Seq>,
    lies_after_known: bool,
    may_be_gone: bool,
    hides_newer: bool,
}

impl Bound {
    /// For a key that was claimed afresh, with the head that was known before it: at or before that, the message lies
    /// only if its key was forgotten.
    pub(crate) const fn fresh(claimed_at: Timestamp, known: Option<Seq>, lies_after_known: bool) -> Self {
        Self { claimed_at, known, lies_after_known, may_be_gone: false, hides_newer: false }
    }

    /// For a key that was claimed before, so long ago perhaps that its message may have expired; `hides_newer` says
    /// whether such a message may have followed the newest entry that is left.
    pub(crate) const fn repeated(claimed_at: Timestamp, may_be_gone: bool, hides_newer: bool) -> Self {
        Self { claimed_at, known: None, lies_after_known: false, may_be_gone, hides_newer }
    }

    fn is_reached(&self, oldest: &Message, seen: &Seen) -> bool {
        let is_known = oldest.seq.previous() <= self.known;
        searched_far_enough(oldest, self.claimed_at)
            || is_known && (self.lies_after_known || seen.has_enough_own())
    }
}

/// Looks for the caller's message from the newest entry back to the time of its
/// claim, or to a position that it is known not to be at or before.
pub(crate) async fn search_back(
    store: &(impl MessageLog + Sync),
    command: &SendMessage,
    tail: Tail,
    bound: Bound,
) -> Result<Search, Error> {
    let newest = tail.newest.first().cloned().map(Box::new);
    let told =
        |entries: &[Message]| entries.iter().find_map(|entry| membership::told_by(entry, command.sender));
    let mut standing = told(&tail.newest);
    let mut seen = Seen::default();
    let (mut entries, mut more) = (tail.newest, tail.more);
    loop {
        if let Some(own) = entries.iter().position(|entry| entry.is(command.sender, &command.key)) {
            return Ok(Search::Found(Box::new(entries.swap_remove(own))));
        }
        entries.iter().for_each(|entry| seen.add(entry, command.sender));
        if !more {
            seen.end();
        }
        let rest = entries
            .last()
            .filter(|_| more)
            .and_then(|oldest| Range::before(oldest.seq).filter(|_| !bound.is_reached(oldest, &seen)));
        let Some(range) = rest else { break };
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        (entries, more) = (page.entries, page.more);
        standing = standing.or_else(|| told(&entries));
    }
    if bound.may_be_gone && (bound.hides_newer || seen.has_hole()) {
        return Err(Refusal::IdUsed("must be new: it was used for a message that may have expired").into());
    }
    not_before(newest, standing)
}

/// Looks for a message that somebody sent before they were taken out, and of which they have lost the ack.
pub(crate) async fn search_past(
    store: &(impl MessageLog + Inboxes + Groups + Sync),
    command: &SendMessage,
) -> Result<Search, Error> {
    let Some(group) = command.conversation.group() else {
        return Err(Error::Internal("an inbox row vanished"));
    };
    let refusal = not_a_member(store, group).await?;
    let row = store.get(command.sender, command.conversation).await?;
    let left = row.as_ref().and_then(|row| row.joined.past().last());
    if let (Refusal::NotAMember, Some((from, to))) = (&refusal, left) {
        let range = Range { from: *from, to: *to, direction: Direction::Down };
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        let own = page.entries.into_iter().find(|entry| entry.is(command.sender, &command.key));
        if let Some(own) = own {
            return Ok(Search::Found(Box::new(own)));
        }
    }
    Err(refusal.into())
}

/// Looks for the caller's message in everything after what was the newest when it lost a race.
///
/// Everything, not only the new end: a concurrent retry may have appended it anywhere in between.
pub(crate) async fn search_after(
    store: &(impl MessageLog + Sync),
    command: &SendMessage,
    mut newest: Option<Box<Message>>,
) -> Result<Search, Error> {
    let mut standing = None;
    while let Some(range) = Range::after(newest.as_ref().map(|newest| newest.seq)) {
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        for entry in page.entries {
            if entry.is(command.sender, &command.key) {
                return Ok(Search::Found(Box::new(entry)));
            }
            standing = membership::told_by(&entry, command.sender).or(standing);
            newest = Some(Box::new(entry));
        }
        if !page.more {
            break;
        }
    }
    not_before(newest, standing)
}

/// Nobody writes after the end of a group; who was taken out after the claim is told of among what was looked at.
fn not_before(newest: Option<Box<Message>>, standing: Option<bool>) -> Result<Search, Error> {
    match newest {
        Some(newest) if newest.kind == Kind::GroupDeleted => Err(Refusal::NotFound("group").into()),
        newest if standing == Some(false) => Ok(Search::Out(newest)),
        newest => Ok(Search::NotBefore(newest)),
    }
}
