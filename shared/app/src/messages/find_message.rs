//! Searching for a message that an earlier send with the same key may have appended.
//!
//! The search runs from the newest entry backwards, since most retries come soon. Beyond [`PAGES_MAX`] pages it
//! covers only the time around the claim.

use confab_domain::claim::{
    Seen, lies_after_stretch, lies_before_stretch, may_have_expired, searched_far_enough,
};
use confab_domain::{Kind, Message, Refusal, Seq, Timestamp, membership};

use crate::Error;
use crate::messages::membership::not_a_member;
use crate::messages::send_message::SendMessage;
use crate::ports::{Consistency, Direction, Groups, Inboxes, MessageLog, Range, Tail};

/// Entries in one page of a search for the caller's own message.
const SEARCH_PAGE: u32 = 100;

/// Entries in each of the first pages of a search that ends once it has read the sender's last messages, which a burst
/// of the sender has put close to the end.
const BURST_PAGE: u32 = 32;

/// Pages of that size.
const BURST_PAGES: u32 = 3;

/// Pages that a search for an old message reads backwards from the newest entry, and as many around the claim.
///
/// A send holds the permit of its conversation meanwhile, and pays for each page.
const PAGES_MAX: u32 = 256;

/// Outcome of a search for the caller's own message.
pub(crate) enum Search {
    /// The message.
    Found(Box<Message>),
    /// The message is not at or before the newest entry, which is this one.
    NotBefore(Option<Box<Message>>),
    /// As `NotBefore`; and the entries that were read show that the sender is no longer in the group.
    Out(Option<Box<Message>>),
}

/// Where a search from the newest entry backwards may stop.
pub(crate) struct Bound {
    claimed: Claimed,
    known: Option<Seq>,
    lies_after_known: bool,
    may_be_expired: bool,
    hides_newer: bool,
}

/// Time of the key's claim.
#[derive(Clone, Copy)]
enum Claimed {
    /// Claimed by this send.
    Now(Timestamp),
    /// Claimed by an earlier send.
    Before(Timestamp),
    /// Claimed by an earlier send whose clock was ahead.
    Unknown,
}

impl Bound {
    /// Bound for a key that is claimed afresh. `known` is the head that was known before the claim: the message lies
    /// at or before it only if its key was forgotten.
    pub(crate) const fn fresh(claimed_at: Timestamp, known: Option<Seq>, lies_after_known: bool) -> Self {
        let claimed = Claimed::Now(claimed_at);
        Self { claimed, known, lies_after_known, may_be_expired: false, hides_newer: false }
    }

    /// Bound for a key that was claimed before, perhaps so long ago that its message may have expired. `hides_newer`
    /// states whether such a message may have followed the newest remaining entry.
    pub(crate) fn repeated(claimed_at: Timestamp, hides_newer: bool, now: Timestamp) -> Self {
        let claimed =
            if claimed_at.may_have_been(now) { Claimed::Before(claimed_at) } else { Claimed::Unknown };
        let may_be_expired = matches!(claimed, Claimed::Unknown) || may_have_expired(claimed_at, now);
        Self { claimed, known: None, lies_after_known: false, may_be_expired, hides_newer }
    }

    /// Entries in the page of this number, which counts from 1.
    const fn page_size(&self, page: u32) -> u32 {
        if page <= BURST_PAGES && self.known.is_some() { BURST_PAGE } else { SEARCH_PAGE }
    }

    fn is_reached(&self, oldest: &Message, seen: &Seen) -> bool {
        let is_known = oldest.seq.previous() <= self.known;
        match self.claimed {
            Claimed::Now(at) | Claimed::Before(at) => {
                searched_far_enough(oldest, at)
                    || is_known && (self.lies_after_known || seen.has_enough_own())
            }
            // The message is among the sender's last ones, which can be sent again, or its key may be forgotten.
            Claimed::Unknown => seen.has_enough_own(),
        }
    }
}

/// Searches for the caller's message from the newest entry back to the time of its claim, or to a position at or
/// before which it cannot be.
pub(crate) async fn search_back(
    store: &impl MessageLog,
    command: &SendMessage,
    tail: Tail,
    bound: Bound,
) -> Result<Search, Error> {
    let newest = tail.newest.first().cloned().map(Box::new);
    let change_in = |entries: &[Message]| {
        entries.iter().find_map(|entry| membership::membership_change_in(entry, command.sender))
    };
    let mut change = change_in(&tail.newest);
    let (mut seen, mut pages) = (Seen::default(), 0);
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
        // A search under this send's own claim covers the last minute, however many pages that takes.
        if pages == PAGES_MAX && !matches!(bound.claimed, Claimed::Now(_)) {
            return search_around_claim(store, command, bound.claimed, range.to).await;
        }
        pages += 1;
        let page = store.page(command.conversation, range, bound.page_size(pages)).await?;
        (entries, more) = (page.entries, page.more);
        change = change.or_else(|| change_in(&entries));
    }
    if bound.may_be_expired && (bound.hides_newer || seen.has_hole()) {
        return Err(Refusal::IdUsed("must be new: it was used for a message that may have expired").into());
    }
    not_before(newest, change)
}

/// Searches for a message where its first send may have appended it: among the entries that were appended soon after
/// the claim, up to position `to`.
///
/// # Errors
///
/// [`Refusal::IdUsed`] where the message is not found. A later send may have appended it beyond those entries, so it
/// is not appended again.
async fn search_around_claim(
    log: &impl MessageLog,
    command: &SendMessage,
    claimed: Claimed,
    to: Seq,
) -> Result<Search, Error> {
    let refusal = || Refusal::IdUsed("must be new: it was used too long ago to look for its message");
    let Claimed::Before(claimed_at) = claimed else { return Err(refusal().into()) };
    let mut before = None;
    let mut beyond = to;
    // The stretch begins after `before` and at or before `beyond`. Each read halves that range.
    while let Some(range) = Range::after(before).filter(|range| range.from < beyond) {
        let middle = range.from.middle(beyond);
        let range = Range { from: middle, to: beyond, direction: Direction::Up };
        let page = log.headings(command.conversation, range, 1).await?;
        match page.entries.first() {
            Some(entry) if lies_before_stretch(entry.sent_at, claimed_at) => before = Some(entry.seq),
            _ => beyond = middle,
        }
    }
    let mut rest =
        Range::after(before).map(|range| Range { to, ..range }).filter(|range| range.from <= range.to);
    for _ in 0..PAGES_MAX {
        let Some(range) = rest else { break };
        let page = log.page(command.conversation, range, SEARCH_PAGE).await?;
        let last = page.entries.last().map(|last| (last.seq, last.sent_at));
        let own = page.entries.into_iter().find(|entry| entry.is(command.sender, &command.key));
        if let Some(own) = own {
            return Ok(Search::Found(Box::new(own)));
        }
        rest = last
            .filter(|(_, sent_at)| page.more && !lies_after_stretch(*sent_at, claimed_at))
            .and_then(|(seq, _)| range.beyond(seq));
    }
    Err(refusal().into())
}

/// Searches the sender's ended memberships for a message that was appended before the sender was removed, and whose
/// ack was lost.
pub(crate) async fn search_past(
    store: &(impl MessageLog + Inboxes + Groups),
    command: &SendMessage,
) -> Result<Search, Error> {
    let Some(group) = command.conversation.group() else {
        return Err(Error::Internal("an inbox row vanished"));
    };
    let refusal = not_a_member(store, group).await?;
    let row = store.get(command.sender, command.conversation, Consistency::Strong).await?;
    let past = row.as_ref().map_or(&[][..], |row| row.joined.past());
    if let (Refusal::NotAMember, [(from, to)] | [(from, _), .., (_, to)]) = (&refusal, past) {
        let range = Range { from: *from, to: *to, direction: Direction::Down };
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        let own = page.entries.into_iter().find(|entry| entry.is(command.sender, &command.key));
        if let Some(own) = own {
            return Ok(Search::Found(Box::new(own)));
        }
    }
    Err(refusal.into())
}

/// Searches for the caller's message in all entries after `newest`, which was the newest entry before a lost race.
///
/// All of them, not only the last: a concurrent retry may have appended the message anywhere in between.
pub(crate) async fn search_after(
    store: &impl MessageLog,
    command: &SendMessage,
    mut newest: Option<Box<Message>>,
) -> Result<Search, Error> {
    let mut change = None;
    while let Some(range) = Range::after(newest.as_ref().map(|newest| newest.seq)) {
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        for entry in page.entries {
            if entry.is(command.sender, &command.key) {
                return Ok(Search::Found(Box::new(entry)));
            }
            change = membership::membership_change_in(&entry, command.sender).or(change);
            newest = Some(Box::new(entry));
        }
        if !page.more {
            break;
        }
    }
    not_before(newest, change)
}

/// Outcome of a search that did not find the message. Nothing follows the entry that deletes a group. A removal of
/// the sender after the claim is among the entries that were read.
fn not_before(newest: Option<Box<Message>>, change: Option<bool>) -> Result<Search, Error> {
    match newest {
        Some(newest) if newest.kind == Kind::GroupDeleted => Err(Refusal::NotFound("group").into()),
        newest if change == Some(false) => Ok(Search::Out(newest)),
        newest => Ok(Search::NotBefore(newest)),
    }
}
