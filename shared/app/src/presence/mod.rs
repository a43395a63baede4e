//! Presence: leases, lease checks, notifications of friends, and answers to `presence` requests.
//!
//! | file | contents |
//! |---|---|
//! | `renew` | renews a lease for a heartbeat or another frame: [`renew::heartbeat`] |
//! | `check_lease` | checks a lease: renews the watch, or ends the lease |
//! | `notify` | notifies friends of a change, and finds the observers of a user who is marked as alone |
//! | `pair` | notifies two users who begin or cease to see each other's presence |
//! | `probe` | probes clients that send heartbeats rarely, once their user has an observer |
//! | `probes` | the users who were probed lately by this process: [`Probes`] |
//! | `ask` | answers `presence` requests: [`ask::get_presence`] |
//! | `task` | the messages of the queue: [`PresenceTask`] |
//! | `queued` | the lease check that a request has queued last |
//!
//! One chain of delayed queue messages per online user checks whether the lease was renewed. Friends are notified of
//! changes only. A user whose lease ends while connections are registered gets alerts for messages that may not have
//! arrived. While a user has no observer, the server lets the user's clients send heartbeats rarely; when an observer
//! comes, the server probes them.
//! The rules are in `confab_domain::{lease, watch}`.

pub mod ask;
mod check_lease;
mod notify;
mod pair;
mod probe;
mod probes;
mod queued;
pub mod renew;
mod task;

use std::time::Duration;

use confab_domain::lease::HeartbeatPolicy;
use confab_domain::watch::LeaseCheck;
use confab_domain::{ChangeNumber, ConnectionId, Status, Timestamp, UserId, WatchId};
use confab_protocol::server::UserPresence;

use crate::accounts::end_device::close_ended_sockets;
use crate::attempts::Attempts;
use crate::connections::close_connection::close_again;
use crate::ports::{Connections, Contacts, Devices, PresenceQueue, PushQueue, Session, Sessions, Sleeper};
use crate::{Error, TaskFailure, delay, delivery::unreached};

use check_lease::Message;
use pair::{PairChange, View};

pub(crate) use notify::friends_of;
pub(crate) use pair::queue_notice;
pub(crate) use probe::{Asked, observe_each, probe_event};
pub use probes::Probes;
pub(crate) use queued::Queued;
pub use task::{CloseAgain, PresenceTask, Shown, Step};

/// Longer than any request lasts, differences between clocks included.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// Stores, queue and settings of one request about presence.
#[derive(Debug)]
pub struct Context<'a, S, Q> {
    /// The stores that the use case needs.
    pub store: &'a S,
    /// The queue of presence tasks.
    pub queue: &'a Q,
    /// How often clients send heartbeats, and how long a lease lasts.
    pub policy: HeartbeatPolicy,
    /// Id of the watch that this request may begin; drawn at random for each request.
    pub watch: WatchId,
    /// Pauses the request between two attempts to change a row.
    pub sleeper: &'a dyn Sleeper,
    /// When the request began.
    pub now: Timestamp,
}

impl<S, Q> Context<'_, S, Q> {
    /// Delay of a queue message that is due at `at`. Unit: whole seconds, from 1 to [`delay::DELAY_MAX`].
    fn delay(&self, at: Timestamp) -> Duration {
        delay::at_least(at.since(self.now)).max(Duration::from_secs(1))
    }

    /// Time by which a row names the watch whose check this request queues, if at all: the request has ended by then.
    pub(crate) fn named_by(&self) -> Timestamp {
        self.now.plus(REQUEST_MAX)
    }

    /// Number of a lease check that belongs to no watch.
    pub(crate) fn no_watch(&self) -> WatchId {
        WatchId(!self.watch.0)
    }

    /// Number of a lease check that belongs to no watch, by its purpose and by the attempt that queues it.
    ///
    /// A request may queue several checks of one user, each with a number of its own. With one number for two checks,
    /// the second would notify friends again, as a repeated delivery does whose first delivery may have died.
    pub(crate) fn number(&self, errand: Errand, attempt: u32) -> WatchId {
        WatchId(self.no_watch().0 ^ ((errand as u64) << 32 | u64::from(attempt)))
    }

    /// Attempts to change a row that other requests change at the same time.
    pub(crate) fn attempts(&self, max: u32) -> Attempts<'_> {
        Attempts::racing(self.sleeper, max, self.watch.0)
    }

    /// Attempts to find a change that another request may be about to make.
    pub(crate) fn waits(&self, max: u32) -> Attempts<'_> {
        Attempts::waiting(self.sleeper, max, self.watch.0)
    }

    fn status(&self, session: &Session) -> Status {
        session.status(self.policy, self.now)
    }
}

/// Purpose of a lease check that belongs to no watch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Errand {
    /// A request returns the user's status.
    Settle = 1,
    /// The user has an observer.
    Observe = 2,
    /// The user's connections turned out to be stale.
    Probe = 3,
    /// The user's lease has ended, and an earlier request may have died before it notified friends.
    Repeat = 4,
}

/// Performs a task of the queue.
///
/// Another task names the connections that did not get an event. A connection that has no room for the event a few
/// times in a row is closed, and gets it no more. Performing a task again may repeat events, and changes nothing
/// else. A task that was received before may have notified friends of an outdated status and died before the
/// correction: it notifies them of the present status.
///
/// # Errors
///
/// [`TaskFailure::Retry`] where a store failed, [`TaskFailure::Permanent`] for a task with an id that cannot be read.
pub async fn perform(
    context: &Context<'_, impl Sessions + Contacts + Devices, impl PresenceQueue>,
    (connections, pushes): (&impl Connections, &impl PushQueue),
    task: &PresenceTask,
    received_before: bool,
) -> Result<(), TaskFailure> {
    let PresenceTask::V1(step) = task;
    let user = step.user().parse().map_err(|_| TaskFailure::Permanent("no user id"))?;
    match step {
        Step::Begin { watch, shown, .. } => {
            let shown = match shown {
                Some(Shown { to, ended_by }) => Some((parse_other(to)?, ended_by.map(WatchId))),
                None => None,
            };
            let (check, id) = (LeaseCheck::First, WatchId(*watch));
            let message = Message { check, id, named_by: None, shown, received_before };
            check_lease::check_lease(context, (connections, pushes), user, message).await?;
        }
        Step::Check { watch, named_by_ms, .. } => {
            let named_by = named_by_ms.map(Timestamp::from_ms);
            let (check, id) = (LeaseCheck::Due, WatchId(*watch));
            let message = Message { check, id, named_by, shown: None, received_before };
            check_lease::check_lease(context, (connections, pushes), user, message).await?;
        }
        Step::Notify { online, after, .. } => {
            let status = status_of(*online);
            let after = after.parse().map_err(|_| TaskFailure::Permanent("no user id to go on after"))?;
            notify::continue_notifying(context, connections, user, status, after, received_before).await?;
        }
        Step::FindObservers { after, .. } => {
            let after = after.parse().map_err(|_| TaskFailure::Permanent("no user id to go on after"))?;
            notify::find_more_observers(context, connections, user, after).await?;
        }
        Step::NotifyAgain { online, tries, unreached, .. } => {
            let unreached = unreached::read(unreached)?;
            notify::notify_again(context, connections, user, status_of(*online), *tries, &unreached).await?;
        }
        Step::Pair { other, sees, number, at_ms, made_by_ms, .. } => {
            let change = PairChange {
                pair: [user, parse_other(other)?],
                sees: *sees,
                number: number.map(ChangeNumber),
                at: Timestamp::from_ms(*at_ms),
                made_by: Timestamp::from_ms(*made_by_ms),
            };
            pair::notify_pair(context, connections, change).await?;
        }
        Step::PairAgain { other, online, at_ms, tries, unreached, .. } => {
            let (by, changed_at) = (parse_other(other)?, Timestamp::from_ms(*at_ms));
            let view = View { of: user, by, changed_at, number: None };
            let unreached = unreached::read(unreached)?;
            pair::notify_again(context, connections, view, status_of(*online), *tries, &unreached).await?;
        }
        Step::Ask { tries, full, .. } => {
            let asked = Asked { tries: *tries, full: full.iter().map(ConnectionId::new).collect() };
            probe::ask_again(context, connections, user, asked).await?;
        }
        Step::EndSockets { device, .. } => {
            let device = device.parse().map_err(|_| TaskFailure::Permanent("no device id"))?;
            close_ended_sockets(context, connections, user, device).await?;
        }
        Step::CloseAgain(again) => close_again(context, connections, again).await.map_err(Error::from)?,
    }
    Ok(())
}

fn parse_other(other: &str) -> Result<UserId, TaskFailure> {
    other.parse().map_err(|_| TaskFailure::Permanent("no user id"))
}

const fn status_of(online: bool) -> Status {
    if online { Status::Online } else { Status::Offline }
}

/// A user's presence as friends see it.
fn user_presence(session: &Session, status: Status, now: Timestamp) -> UserPresence {
    UserPresence {
        user: session.user.to_string(),
        status: status.as_str().to_owned(),
        idle: status == Status::Online && session.is_idle(),
        last_active_at_ms: Some(session.presence.lease.active_at().shown(now).as_ms()),
    }
}

/// Whether a user may be an observer of friends: friends see the user online, or the lease has not run out.
pub(crate) fn may_observe(context: &Context<'_, impl Sync, impl Sync>, session: &Session) -> bool {
    session.presence.friends_see_online() || context.status(session) == Status::Online
}

/// The status that friends were notified of last, or are about to be.
fn last_notified_status(session: &Session) -> Status {
    if session.presence.friends_see_online() { Status::Online } else { Status::Offline }
}

/// Attempts to change a row that other requests change at the same time.
const ATTEMPTS_MAX: u32 = 8;
