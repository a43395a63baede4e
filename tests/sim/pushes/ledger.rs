//! What really happened, and what phones were told of it.

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

/// From the beginning to the end of something: when in between it took effect is not known.
pub(crate) type Span = (Timestamp, Timestamp);

/// A mute that was set or ended, and until when it then was.
pub(crate) type Mute = (Span, Option<Timestamp>);

/// A socket, as long as the gateway has it.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    pub(crate) user: UserId,
    pub(crate) id: ConnectionId,
    pub(crate) opened: Timestamp,
    /// When it was on record.
    pub(crate) recorded: Option<Timestamp>,
    pub(crate) dropped: Option<Timestamp>,
    /// It takes no event.
    pub(crate) is_silent: bool,
    /// What its frames have said of whether somebody is at it.
    pub(crate) said: Vec<Said>,
}

/// A frame that says whether somebody is at its device.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) began: Timestamp,
    /// `None` while it is under way.
    pub(crate) ended: Option<Timestamp>,
    pub(crate) attendance: Attendance,
    /// It may leave the row as it is.
    pub(crate) is_hint: bool,
}

/// A message, as its author sent it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) span: Span,
    pub(crate) conversation: ConversationId,
    /// How far its author had read.
    pub(crate) through: ReadThrough,
    /// Where it is, if that was answered.
    pub(crate) acked: Option<Seq>,
}

/// A push that reached a phone.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) notification: Notification,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) appends: BTreeMap<(ConversationId, Seq), Span>,
    pub(crate) sockets: Vec<Socket>,
    /// When each user may have been heard from.
    pub(crate) renewed: BTreeMap<UserId, Vec<Span>>,
    /// Those of them by a socket that had ended then: such a frame renews no lease, if it came after the socket's end.
    pub(crate) renewed_at_the_end: BTreeSet<(UserId, Span)>,
    pub(crate) mutes: BTreeMap<(UserId, ConversationId), Vec<Mute>>,
    /// When each user was taken in or out.
    pub(crate) turns: BTreeMap<UserId, Vec<Span>>,
    /// What each user has sent that says how far they had read.
    pub(crate) sent: BTreeMap<(UserId, ClientMessageId), Sent>,
    /// How far each user has asked for a conversation to be marked.
    pub(crate) marks: BTreeMap<(UserId, ConversationId), Seq>,
    /// How far each device has read by itself.
    pub(crate) own_reads: BTreeMap<(DeviceId, ConversationId), Seq>,
    pub(crate) pushed: Vec<Pushed>,
    /// Messages of which a device's publish failed, or seemed to.
    pub(crate) doubtful: BTreeSet<(DeviceId, ConversationId, Seq)>,
    /// Who is written down as alerted to what.
    written: BTreeSet<(UserId, ConversationId, Seq)>,
    writes_count: usize,
    published_count: usize,
}

impl World {
    /// Checks what was written down since the last time.
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
                self.fault(format!("told of reading too soon again: {write:?}"));
            }
        }
    }

    fn check_alert_write(&self, write: &AlertWrite, seq: Seq, first: bool) {
        let AlertWrite { user, before, .. } = write;
        let sender = self.memory.message_at(before.conversation, seq).map(|message| message.sender);
        let by_any_clock = self.clock.now().plus(Duration::from_millis(self.scenario.skew_ms_max));
        let faults = [
            (!first, "again"),
            (sender.is_none_or(|sender| sender == *user), "the sender, or of nothing"),
            (before.read_seq >= Some(seq), "who has read it"),
            (before.muted_until > Some(by_any_clock), "who has muted it"),
            (before.joined.since().is_none(), "who is no member"),
            (before.joined.within(seq, seq).is_empty(), "who must not read it"),
        ];
        for (_, what) in faults.into_iter().filter(|(is_fault, _)| *is_fault) {
            self.fault(format!("alerted: {what}: {user:?}, {seq:?}, {write:?}"));
        }
    }

    /// Checks what was published since the last time.
    pub(crate) fn take_published(&self) {
        let mut ledger = self.ledger();
        let published = self.phones.published_after(ledger.published_count);
        ledger.published_count += published.len();
        for notification in published.into_iter().map(|publish| publish.notification) {
            let ((user, device), conversation) = (notification.owner, notification.conversation);
            if let Notice::Message(alert) = &notification.notice {
                if !ledger.written.contains(&(user, conversation, alert.seq)) {
                    self.fault(format!("published before it was written down: {notification:?}"));
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

/// The messages to which a write says that there was an alert, and the row before did not.
fn new_alerts(write: &AlertWrite) -> Vec<Seq> {
    let Some(newest) = write.after.newest else { return Vec::new() };
    let first = newest.get().saturating_sub(WINDOW).max(1);
    let all = (first..=newest.get()).filter_map(Seq::new);
    all.filter(|seq| write.after.has(*seq) && !write.before.alerts.has(*seq)).collect()
}

impl Ledger {
    /// Alerts to a message on a device.
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

    /// How far a device was told that a conversation is read.
    pub(crate) fn notified_read(&self, device: DeviceId, conversation: ConversationId) -> Option<Seq> {
        let told = self.pushed.iter().filter_map(|pushed| {
            let Notification { owner: (_, owner), conversation: of, notice, .. } = &pushed.notification;
            match notice {
                Notice::Read(seq) if *owner == device && *of == conversation => Some(*seq),
                Notice::Read(_) | Notice::Message(_) => None,
            }
        });
        told.max()
    }
}
