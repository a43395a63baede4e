//! Delivering a message: as an event to connected devices, and as a push to users whom the event did not reach.

use std::time::Duration;

use confab_domain::lease::HeartbeatPolicy;
use confab_domain::liveness::Liveness;
use confab_domain::{ConnectionId, Kind, Message, Timestamp, UserId};
use confab_protocol::ServerFrame;

use crate::delivery::announce::{Posted, post_to};
use crate::ports::{Connections, PushQueue, Session, Sessions, StoreError};
use crate::presence::{Probes, probe_event};
use crate::push::{Absent, PushTask};
use crate::{delay, wire};

/// Ports and policy for reaching users' devices.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a, C, P> {
    /// Open connections.
    pub connections: &'a C,
    /// The queue of pushes.
    pub push: &'a P,
    /// How often clients send heartbeats, and how long a lease lasts.
    pub policy: HeartbeatPolicy,
    /// Users who were probed recently.
    pub probes: &'a Probes,
}

/// The recipients of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience<'a> {
    /// Users who may read the message.
    pub(crate) readers: &'a [UserId],
    /// The group's name.
    pub(crate) group: Option<&'a str>,
    /// The connection that the message came by: it gets the answer instead of the event.
    pub(crate) origin: Option<&'a ConnectionId>,
}

/// Posts a message to every connection of its readers, and queues alerts for readers whom it did not reach. Returns
/// the outcome of the posts, with the connections that may be reached later.
///
/// The caller reads the session rows before this, and after the message was appended: see [`crate::delivery::announce`].
///
/// # Errors
///
/// [`StoreError`]; some readers may have got neither the event nor an alert.
pub(crate) async fn deliver(
    sessions: &impl Sessions,
    delivery: &Delivery<'_, impl Connections, impl PushQueue>,
    message: &Message,
    audience: Audience<'_>,
    rows: &[Session],
    now: Timestamp,
) -> Result<Posted, StoreError> {
    let event = event(message);
    let posted = post_to(sessions, delivery.connections, rows, audience.origin, &event, now).await?;
    if message.kind == Kind::Text {
        let missed = Missed::of(delivery.policy, message, audience.readers, rows, &posted, now);
        probe(sessions, delivery, rows, &missed.unconfirmed, now).await?;
        missed.alert(delivery.push, message, audience.group, now).await?;
    }
    Ok(posted)
}

/// The event of a message.
pub(crate) fn event(message: &Message) -> ServerFrame {
    ServerFrame::Message(wire::event_message(message))
}

/// Readers who have no device that got the message, or perhaps none. An idle reader counts as offline.
struct Missed {
    offline: Vec<Absent>,
    unconfirmed: Vec<Absent>,
    /// When the liveness of all unconfirmed readers is known.
    known_at: Timestamp,
}

impl Missed {
    fn of(
        policy: HeartbeatPolicy,
        message: &Message,
        readers: &[UserId],
        rows: &[Session],
        posted: &Posted,
        now: Timestamp,
    ) -> Self {
        let mut missed = Self { offline: Vec::new(), unconfirmed: Vec::new(), known_at: now };
        for reader in readers.iter().filter(|reader| **reader != message.sender) {
            let Some(row) = rows.iter().find(|row| row.user == *reader) else {
                missed.offline.push(Absent { user: reader.to_string(), renewed_at_ms: 0 });
                continue;
            };
            let lease = &row.presence.lease;
            if row.is_idle_without(&posted.stale) {
                let active_at_ms = lease.active_at().as_ms();
                missed.offline.push(Absent { user: reader.to_string(), renewed_at_ms: active_at_ms });
                continue;
            }
            let absent = Absent { user: reader.to_string(), renewed_at_ms: lease.renewed_at.as_ms() };
            match policy.liveness(lease, posted.status_of(*reader), message.sent_at, now) {
                Liveness::Active => {}
                Liveness::Offline => missed.offline.push(absent),
                Liveness::Unconfirmed(at) => {
                    missed.unconfirmed.push(absent);
                    missed.known_at = missed.known_at.max(at);
                }
            }
        }
        missed
    }

    async fn alert(
        self,
        queue: &impl PushQueue,
        message: &Message,
        group: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !self.offline.is_empty() {
            queue.put(&PushTask::alert(message, group, self.offline, false), Duration::ZERO).await?;
        }
        if !self.unconfirmed.is_empty() {
            let delay = delay::at_least(self.known_at.since(now));
            queue.put(&PushTask::alert(message, group, self.unconfirmed, true), delay).await?;
        }
        Ok(())
    }
}

/// Probes unconfirmed users whose clients send heartbeats rarely, unless they were probed a moment ago. A client
/// answers with a heartbeat. A user whom no probe reaches cannot answer, and is alerted.
async fn probe(
    sessions: &impl Sessions,
    delivery: &Delivery<'_, impl Connections, impl PushQueue>,
    rows: &[Session],
    unconfirmed: &[Absent],
    now: Timestamp,
) -> Result<(), StoreError> {
    let policy = delivery.policy;
    let is_asked = |row: &&Session| {
        policy.probed(&row.presence.lease, now).is_some()
            && unconfirmed.iter().any(|absent| absent.user == row.user.to_string())
            && delivery.probes.begin(row.user, policy, now)
    };
    let asked: Vec<Session> = rows.iter().filter(is_asked).cloned().collect();
    if !asked.is_empty() {
        let event = probe_event(policy);
        post_to(sessions, delivery.connections, &asked, None, &event, now).await?;
    }
    Ok(())
}
