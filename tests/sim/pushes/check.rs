//! Invariants of pushes in healthy runs.

use std::time::Duration;

use confab_app::ports::{Consistency, Devices, InboxRow, Inboxes};
use confab_domain::alerts::WINDOW;
use confab_domain::device::Device;
use confab_domain::notification::Notice;
use confab_domain::{ConversationId, Kind, Message, Seq, Timestamp, UserId};

use super::ledger::{Ledger, Span};
use super::scenario::POLICY;
use super::world::World;
use crate::own_marks::read_through;
use crate::world::user;

/// Longest time from a message to its effect on a recipient whose heartbeat is overdue.
const LONGEST: Duration = Duration::from_secs(60);

/// Longest time from a message to its posts and the read of its recipients' sessions.
const ANNOUNCED: Duration = Duration::from_secs(5);

/// Longest time from a frame to the end of the lease and its effect: the interval of a user without friends grows to a
/// quarter of the time alone, which is at most the length of a scenario.
const LAPSED: Duration = Duration::from_secs(150);

/// Shortest time from a message to a later frame which proves that the device was alive: a frame may be a slack younger
/// than the time in the row, and the search for missed messages adds as much.
const PROVEN: Duration = Duration::from_secs(4);

/// Shortest time from a message to the end of a lease that was renewed shortly before it.
const LEASE_MIN: Duration = Duration::from_secs(20);

/// Longest time from the start of a send to its append.
const SENDING_MAX: Duration = Duration::from_secs(2);

/// The expected outcome of a message for one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Alert,
    NoAlert,
    Either,
}

/// Checks that each message has alerted exactly the devices that it should, once.
pub(crate) fn check_alerts(world: &World) {
    let texts = world.memory.appended().into_iter().filter(|entry| entry.kind == Kind::Text);
    for message in texts {
        for n in 0..world.scenario.users {
            let member = user(n);
            let expected = expected(world, member, &message);
            for device in registered(world, member) {
                let ledger = world.ledger();
                let count = ledger.alerts_of(device.device, message.conversation, message.seq).count();
                drop(ledger);
                let is_right = match expected {
                    Expected::Alert => count == 1,
                    Expected::NoAlert => count == 0,
                    Expected::Either => count <= 1,
                };
                if !is_right {
                    let Message { conversation, seq, sent_at, .. } = &message;
                    world.fault(format!(
                        "{count} alerts on {:?} of {member:?} to {seq:?} of {conversation:?}, sent at {}; \
                         expected {expected:?}",
                        device.device,
                        sent_at.since(crate::presence::clock::START).as_millis(),
                    ));
                }
            }
        }
    }
}

pub(crate) fn registered(world: &World, user: UserId) -> Vec<Device> {
    let mut devices = world.peek(world.memory.devices(user)).unwrap();
    devices.retain(|device| device.push.is_some());
    devices
}

fn expected(world: &World, member: UserId, message: &Message) -> Expected {
    let (conversation, seq) = (message.conversation, message.seq);
    let row = world.peek(world.memory.get(member, conversation, Consistency::Strong)).unwrap();
    let ledger = world.ledger();
    let Some(&appended) = ledger.appends.get(&(conversation, seq)) else { return Expected::Either };
    let Some(row) = row.filter(|_| message.sender != member) else { return Expected::NoAlert };
    let (began, ended) = appended;
    let turns = ledger.turns.get(&member).map_or(&[][..], Vec::as_slice);
    let later = ended.plus(LAPSED);
    if conversation.group().is_some() && turns.iter().any(|(from, to)| *from <= later && *to >= began) {
        return Expected::Either;
    }
    if row.joined.within(seq, seq).is_empty() {
        // Memberships of long ago are forgotten.
        let left_since = turns.iter().any(|(from, _)| *from > ended);
        return if left_since { Expected::Either } else { Expected::NoAlert };
    }
    if ledger.is_muted(member, conversation, appended) == Some(true) {
        return Expected::NoAlert;
    }
    if ledger.is_here(member, appended) && ledger.is_attended(member, appended) {
        return Expected::NoAlert;
    }
    let may_be = ledger.is_muted(member, conversation, appended).is_none()
        || ledger.may_mark(member, message, appended);
    let is_missed = ledger.is_absent(member, appended)
        || ledger.is_idle_throughout(member, appended)
        || (ledger.stays_silent(member, appended) && ledger.is_within_window(message));
    if !may_be && is_missed { Expected::Alert } else { Expected::Either }
}

impl Ledger {
    /// Whether a message is among those that are alerted when the recipient turns out to be offline: later messages
    /// push it out of the window.
    fn is_within_window(&self, message: &Message) -> bool {
        let Some((_, ended)) = self.appends.get(&(message.conversation, message.seq)) else { return false };
        let later = ended.plus(LAPSED);
        let since = self.appends.iter().filter(|((conversation, seq), (began, _))| {
            *conversation == message.conversation && *seq > message.seq && *began <= later
        });
        (since.count() as u64) < WINDOW
    }

    /// Whether a conversation was muted all the time from a message on; `None` if that changed.
    fn is_muted(&self, user: UserId, conversation: ConversationId, (began, ended): Span) -> Option<bool> {
        let mutes = self.mutes.get(&(user, conversation)).map_or(&[][..], Vec::as_slice);
        let later = ended.plus(LAPSED);
        if mutes.iter().any(|((from, to), _)| *from <= later && *to >= began) {
            return None;
        }
        // Mutes of two devices may overlap; the result is then unknown.
        let mut earlier: Vec<_> = mutes.iter().filter(|((_, to), _)| *to < began).collect();
        earlier.sort_by_key(|((_, to), _)| *to);
        let Some(((from, _), until)) = earlier.pop() else { return Some(false) };
        if earlier.last().is_some_and(|((_, to), _)| to >= from) {
            return None;
        }
        match until {
            None => Some(false),
            Some(until) if *until < began => Some(false),
            Some(until) if *until > later => Some(true),
            Some(_) => None,
        }
    }

    /// Whether a later message of the user may mark this one as read before it counts as missed.
    fn may_mark(&self, user: UserId, message: &Message, (began, ended): Span) -> bool {
        let later = ended.plus(LAPSED);
        self.sent.iter().any(|((sender, _), sent)| {
            let (from, to) = sent.span;
            let is_meanwhile = from <= later && to >= began;
            let reaches = sent.acked.is_none_or(|at| read_through(at, sent.through) >= Some(message.seq));
            *sender == user && sent.conversation == message.conversation && is_meanwhile && reaches
        })
    }

    /// Whether a device of the user was connected and active when a message came, and soon after.
    fn is_here(&self, user: UserId, (began, ended): Span) -> bool {
        let posted = ended.plus(ANNOUNCED);
        let is_open = self.sockets.iter().any(|socket| {
            socket.user == user
                && !socket.is_silent
                && socket.recorded.is_some_and(|recorded| recorded < began)
                && socket.dropped.is_none_or(|dropped| dropped > posted)
        });
        let lately = began.minus(POLICY.interval - Duration::from_secs(1));
        let renewed = self.renewed.get(&user).into_iter().flatten();
        let mut renewed = renewed.filter(|span| !self.renewed_at_the_end.contains(&(user, **span)));
        let is_alive = |(from, to): &Span| *from > ended.plus(PROVEN) && *to < ended.plus(LEASE_MIN);
        is_open && renewed.clone().any(|(from, to)| *from > lately && *to < began) && renewed.any(is_alive)
    }

    /// Whether no device of the user can have received a message, and the user did not connect soon after.
    fn is_absent(&self, user: UserId, (began, ended): Span) -> bool {
        let renewed = self.renewed.get(&user).map_or(&[][..], Vec::as_slice);
        let (posted, later) = (ended.plus(ANNOUNCED), ended.plus(LONGEST));
        if renewed.iter().any(|(from, to)| *from <= later && *to >= began) {
            return false;
        }
        let may_take = self.sockets.iter().any(|socket| {
            let is_there = socket.dropped.is_none_or(|dropped| dropped >= began);
            socket.user == user && !socket.is_silent && socket.opened <= posted && is_there
        });
        let last: Option<Timestamp> = renewed.iter().map(|(_, to)| *to).filter(|to| *to < began).max();
        // At the time at which the send began.
        let silence = POLICY.interval + POLICY.slack() + SENDING_MAX;
        let was_silent = last.is_none_or(|last| last.plus(silence) < began);
        !may_take || was_silent
    }

    /// Whether a message went to a socket that was dead or died before its next frame, and was still registered when
    /// the lease ended.
    fn stays_silent(&self, user: UserId, (began, ended): Span) -> bool {
        let renewed = self.renewed.get(&user).map_or(&[][..], Vec::as_slice);
        let later = ended.plus(LAPSED);
        renewed.iter().all(|(from, to)| *to < began || *from > later)
            && self.sockets.iter().any(|socket| {
                socket.user == user
                    && !socket.is_silent
                    && socket.recorded.is_some_and(|recorded| recorded < began)
                    && socket.dropped.is_none_or(|dropped| dropped > later)
            })
    }
}

/// Checks that no alert of a read message is left on a phone, unless the phone knows of the read.
pub(crate) fn check_cleared(world: &World) {
    for n in 0..world.scenario.users {
        // A user who is out of a conversation at that moment gets no clear for it.
        let was_out = world.ledger().turns.contains_key(&user(n));
        for row in
            rows(world, user(n)).into_iter().filter(|row| !was_out || row.conversation.group().is_none())
        {
            for device in registered(world, user(n)) {
                let ledger = world.ledger();
                let cleared = ledger.notified_read(device.device, row.conversation);
                let own = ledger.own_reads.get(&(device.device, row.conversation)).copied();
                let shown = ledger.pushed.iter().filter_map(|pushed| match &pushed.notification.notice {
                    Notice::Message(alert)
                        if pushed.notification.owner.1 == device.device
                            && pushed.notification.conversation == row.conversation =>
                    {
                        Some(alert.seq)
                    }
                    Notice::Message(_) | Notice::Read(_) => None,
                });
                let left: Vec<Seq> =
                    shown.filter(|seq| row.read_seq >= Some(*seq) && cleared.max(own) < Some(*seq)).collect();
                drop(ledger);
                if !left.is_empty() {
                    world.fault(format!(
                        "{left:?} of {:?} are left on {:?}, which was cleared to {cleared:?} and has read {own:?}",
                        row.conversation, device.device
                    ));
                }
            }
        }
    }
}

pub(crate) fn rows(world: &World, user: UserId) -> Vec<InboxRow> {
    let read = |conversation| world.peek(world.memory.get(user, conversation, Consistency::Strong)).unwrap();
    world.conversations(user).into_iter().filter_map(read).collect()
}

/// The number of unread messages of a user, over all conversations that are not muted.
pub(crate) fn unread(world: &World, user: UserId) -> u64 {
    let mut unread = 0;
    for row in rows(world, user) {
        let Some(since) = row.joined.since() else { continue };
        if row.muted_until > Some(world.clock.now()) {
            continue;
        }
        let is_unread = |entry: &&Message| {
            entry.conversation == row.conversation
                && entry.kind == Kind::Text
                && entry.sender != user
                && entry.seq >= since
                && Some(entry.seq) > row.read_seq
        };
        unread += world.memory.with_appended(|appended| appended.iter().filter(is_unread).count()) as u64;
    }
    unread
}
