//! The true course of a run, and the pushes that phones received.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_domain::alerts::{QUIET_PUSH_INTERVAL, WINDOW};
use confab_domain::notification::{Notice, Notification};
use confab_domain::own_mark::ReadThrough;
use confab_domain::{
    Attendance, ClientMessageId, ConnectionId, ConversationId, DeviceId, Seq, Timestamp, UserId,
};
use confab_memory::AlertWrite;

use super::world::World;

/// Start and end of an operation; when it took effect in between is unknown.
pub(crate) type Span = (Timestamp, Timestamp);

/// A mute that was set or ended, and its expiry.
pub(crate) type Mute = (Span, Option<Timestamp>);

/// A socket, as long as the gateway has it.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    pub(crate) user: UserId,
    pub(crate) id: ConnectionId,
    pub(crate) opened: Timestamp,
    /// When it was registered.
    pub(crate) recorded: Option<Timestamp>,
    pub(crate) dropped: Option<Timestamp>,
    /// Whether it takes no event.
    pub(crate) is_silent: bool,
    /// The frames that report an attendance.
    pub(crate) said: Vec<Said>,
}

/// A frame that reports whether a user is at its device.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) began: Timestamp,
    /// `None` while the frame is being handled.
    pub(crate) ended: Option<Timestamp>,
    pub(crate) attendance: Attendance,
    /// Whether the server may leave the row as it is.
    pub(crate) is_hint: bool,
}

/// A message as its author sent it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) span: Span,
    pub(crate) conversation: ConversationId,
    /// The author's read position.
    pub(crate) through: ReadThrough,
    /// The position of the message, if the send was acked.
    pub(crate) acked: Option<Seq>,
}

/// A push that reached a phone.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) notification: Notification,
}

/// The record of one run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) appends: BTreeMap<(ConversationId, Seq), Span>,
    pub(crate) sockets: Vec<Socket>,
    /// The times at which each lease may have been renewed.
    pub(crate) renewed: BTreeMap<UserId, Vec<Span>>,
    /// The renewals by a socket that had ended by their end: a frame that came after the socket's end renews no lease.
    pub(crate) renewed_at_the_end: BTreeSet<(UserId, Span)>,
    pub(crate) mutes: BTreeMap<(UserId, ConversationId), Vec<Mute>>,
    /// When each user was added or removed.
    pub(crate) turns: BTreeMap<UserId, Vec<Span>>,
    /// The messages of each user that carry a read position.
    pub(crate) sent: BTreeMap<(UserId, ClientMessageId), Sent>,
    /// The highest position that each user asked to mark as read.
    pub(crate) marks: BTreeMap<(UserId, ConversationId), Seq>,
    /// The highest position that each device has read by itself.
    pub(crate) own_reads: BTreeMap<(DeviceId, ConversationId), Seq>,
    pub(crate) pushed: Vec<Pushed>,
    /// Messages for which the publish to a device failed, or seemed to.
    pub(crate) doubtful: BTreeSet<(DeviceId, ConversationId, Seq)>,
    /// The alerts that are stored in inbox rows.
    written: BTreeSet<(UserId, ConversationId, Seq)>,
    writes_count: usize,
    published_count: usize,
}

impl World {
    /// Checks the alerts that were stored since the last call.
    pub(crate) fn take_alert_writes(&self) {
        let mut ledger = self.ledger();
        let writes = self.memory.alert_writes(ledger.writes_count);
        ledger.writes_count += writes.len();
        for write in writes {
            for seq in new_alerts(&write) {
                let first = ledger.written.insert((write.user, write.before.conversation, seq));
                self.check_alert_write(&write, seq, first);
            }
            if let (Some(before), Some(after)) = (write.before.alerts.cleared, write.after.cleared)
                && before != after
                && after.at < before.at.plus(QUIET_PUSH_INTERVAL)
            {
                self.fault(format!("cleared again too soon: {write:?}"));
            }
        }
    }

    fn check_alert_write(&self, write: &AlertWrite, seq: Seq, first: bool) {
        let AlertWrite { user, before, .. } = write;
        let sender = self.memory.message_at(before.conversation, seq).map(|message| message.sender);
        let by_any_clock = self.clock.now().plus(Duration::from_millis(self.scenario.skew_ms_max));
        let faults = [
            (!first, "again"),
            (sender.is_none_or(|sender| sender == *user), "the sender, or no message"),
            (before.read_seq >= Some(seq), "a user who has read it"),
            (before.muted_until > Some(by_any_clock), "a user who has muted it"),
            (before.joined.since().is_none(), "a user who is no member"),
            (before.joined.within(seq, seq).is_empty(), "a user who may not read it"),
        ];
        for (_, what) in faults.into_iter().filter(|(is_fault, _)| *is_fault) {
            self.fault(format!("alerted: {what}: {user:?}, {seq:?}, {write:?}"));
        }
    }

    /// Checks the pushes that were published since the last call.
    pub(crate) fn take_published(&self) {
        let mut ledger = self.ledger();
        let published = self.phones.published_after(ledger.published_count);
        ledger.published_count += published.len();
        for notification in published.into_iter().map(|publish| publish.notification) {
            let ((user, device), conversation) = (notification.owner, notification.conversation);
            if let Notice::Message(alert) = &notification.notice {
                if !ledger.written.contains(&(user, conversation, alert.seq)) {
                    self.fault(format!("published before it was stored: {notification:?}"));
                }
                let is_doubtful = ledger.doubtful.contains(&(device, conversation, alert.seq));
                if !is_doubtful && ledger.alerts_of(device, conversation, alert.seq).next().is_some() {
                    self.fault(format!("a second alert: {notification:?}"));
                }
            }
            ledger.pushed.push(Pushed { notification });
        }
    }
}

/// The messages that are marked as alerted after a write and were not before it.
fn new_alerts(write: &AlertWrite) -> Vec<Seq> {
    let Some(newest) = write.after.newest else { return Vec::new() };
    let first = newest.get().saturating_sub(WINDOW).max(1);
    let all = (first..=newest.get()).filter_map(Seq::new);
    all.filter(|seq| write.after.has(*seq) && !write.before.alerts.has(*seq)).collect()
}

impl Ledger {
    /// The alerts of a message on a device.
    pub(crate) fn alerts_of(
        &self,
        device: DeviceId,
        conversation: ConversationId,
        seq: Seq,
    ) -> impl Iterator<Item = &Pushed> {
        self.pushed.iter().filter(move |pushed| {
            let Notification { owner: (_, owner), conversation: of, notice, .. } = &pushed.notification;
            let is_of = matches!(notice, Notice::Message(alert) if alert.seq == seq);
            *owner == device && *of == conversation && is_of
        })
    }

    /// The highest position up to which clears have reached a device.
    pub(crate) fn notified_read(&self, device: DeviceId, conversation: ConversationId) -> Option<Seq> {
        let clears = self.pushed.iter().filter_map(|pushed| {
            let Notification { owner: (_, owner), conversation: of, notice, .. } = &pushed.notification;
            match notice {
                Notice::Read(seq) if *owner == device && *of == conversation => Some(*seq),
                Notice::Read(_) | Notice::Message(_) => None,
            }
        });
        clears.max()
    }
}
