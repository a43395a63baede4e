//! Looking for a message that an earlier send with the same key may have appended.
//!
//! From the newest entry backwards, since most are sent again soon; beyond [`PAGES_MAX`] pages only around the time of
//! the claim.

use confab_domain::claim::{
    Seen, lies_after_stretch, lies_before_stretch, may_have_expired, searched_far_enough,
};
use confab_domain::{Kind, Message, Refusal, Seq, Timestamp, membership};

use crate::Error;
use crate::membership::not_a_member;
use crate::ports::{Direction, Groups, Inboxes, MessageLog, Range, Tail};
use crate::send_message::SendMessage;

/// Entries in one page of a search for the caller's own message.
const SEARCH_PAGE: u32 = 100;

/// Pages that a search for an old message reads, from either end.
///
/// A send holds its conversation's lane meanwhile, and pays for each.
const PAGES_MAX: u32 = 256;

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
    claimed: Claimed,
    known: Option<Seq>,
    lies_after_known: bool,
    may_be_expired: bool,
    hides_newer: bool,
}

/// When the key was claimed.
#[derive(Clone, Copy)]
enum Claimed {
    /// By this send.
    Now(Timestamp),
    /// By an earlier one.
    Before(Timestamp),
    /// By an earlier one, whose clock was ahead.
    Unknown,
}

impl Bound {
    /// For a key that was claimed afresh, with the head that was known before it: at or before that, the message lies
    /// only if its key was forgotten.
    pub(crate) const fn fresh(claimed_at: Timestamp, known: Option<Seq>, lies_after_known: bool) -> Self {
        let claimed = Claimed::Now(claimed_at);
        Self { claimed, known, lies_after_known, may_be_expired: false, hides_newer: false }
    }

    /// For a key that was claimed before, so long ago perhaps that its message may have expired; `hides_newer` says
    /// whether such a message may have followed the newest entry that is left.
    pub(crate) fn repeated(claimed_at: Timestamp, hides_newer: bool, now: Timestamp) -> Self {
        let claimed =
            if claimed_at.may_have_been(now) { Claimed::Before(claimed_at) } else { Claimed::Unknown };
        let may_be_expired = matches!(claimed, Claimed::Unknown) || may_have_expired(claimed_at, now);
        Self { claimed, known: None, lies_after_known: false, may_be_expired, hides_newer }
    }

    fn is_reached(&self, oldest: &Message, seen: &Seen) -> bool {
        let is_known = oldest.seq.previous() <= self.known;
        match self.claimed {
            Claimed::Now(at) | Claimed::Before(at) => {
                searched_far_enough(oldest, at)
                    || is_known && (self.lies_after_known || seen.has_enough_own())
            }
            // The message is among those that can be sent again, or the key may be forgotten.
            Claimed::Unknown => seen.has_enough_own(),
        }
    }
}

/// Looks for the caller's message from the newest entry back to the time of its
/// claim, or to a position that it is known not to be at or before.
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
        // What this send has claimed itself is searched for through the last minute, however much was said in it.
        if pages == PAGES_MAX && !matches!(bound.claimed, Claimed::Now(_)) {
            return search_around_claim(store, command, bound.claimed, range.to).await;
        }
        pages += 1;
        let page = store.page(command.conversation, range, SEARCH_PAGE).await?;
        (entries, more) = (page.entries, page.more);
        change = change.or_else(|| change_in(&entries));
    }
    if bound.may_be_expired && (bound.hides_newer || seen.has_hole()) {
        return Err(Refusal::IdUsed("must be new: it was used for a message that may have expired").into());
    }
    not_before(newest, change)
}

/// Looks for a message where its first send has put it, if it did: among what was appended soon after the claim, up to a
/// position.
///
/// # Errors
///
/// [`Refusal::IdUsed`] where it is not found: a later send may have put it in between, so it is not appended again.
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
    // The stretch begins between the two, and each look halves what is left.
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

/// Looks for a message that somebody sent before they were taken out, in any of their memberships, and of which they have
/// lost the ack.
pub(crate) async fn search_past(
    store: &(impl MessageLog + Inboxes + Groups),
    command: &SendMessage,
) -> Result<Search, Error> {
    let Some(group) = command.conversation.group() else {
        return Err(Error::Internal("an inbox row vanished"));
    };
    let refusal = not_a_member(store, group).await?;
    let row = store.get(command.sender, command.conversation).await?;
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

/// Looks for the caller's message in everything after what was the newest when it lost a race.
///
/// Everything, not only the new end: a concurrent retry may have appended it anywhere in between.
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

/// Nobody writes after the end of a group; who was taken out after the claim is told of among what was looked at.
fn not_before(newest: Option<Box<Message>>, change: Option<bool>) -> Result<Search, Error> {
    match newest {
        Some(newest) if newest.kind == Kind::GroupDeleted => Err(Refusal::NotFound("group").into()),
        newest if change == Some(false) => Ok(Search::Out(newest)),
        newest => Ok(Search::NotBefore(newest)),
    }
}
