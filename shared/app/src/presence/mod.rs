//! Who is there: hearing of users, watching their leases, telling their friends, answering who asks.
//!
//! Whoever is heard from renews a lease ([`hear`](mod@hear)). One chain of delayed queue messages per online user looks
//! whether it was renewed ([`check`](mod@check)), and the friends are told of changes only ([`tell`](mod@tell)); whoever fell
//! silent is alerted to what they may have missed. Nobody is asked to beat often while no friend looks; whoever begins to
//! look has the user probed ([`probe`](mod@probe)).
//! The rules stand in `confab_domain::{lease, watch}`.

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

use crate::attempts::Attempts;
use crate::close_connection::close_again;
use crate::end_device::close_ended_sockets;
use crate::ports::{Connections, Contacts, Devices, PresenceQueue, PushQueue, Session, Sessions, Sleeper};
use crate::{Error, TaskFailure, delay, unreached};

use check_lease::Message;
use pair::{PairChange, View};

pub(crate) use notify::friends_of;
pub(crate) use pair::queue_notice;
pub(crate) use probe::{Asked, observe_each, probe_event};
pub use probes::Probes;
pub(crate) use queued::Queued;
pub use task::{CloseAgain, PresenceTask, Shown, Step};

/// Longer than any request lasts, clocks that disagree included.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// What presence is kept with, in one request.
#[derive(Debug)]
pub struct Context<'a, S, Q> {
    /// The stores that the use case needs.
    pub store: &'a S,
    /// What is looked at later.
    pub queue: &'a Q,
    /// How often clients are heard from, and how long that lasts.
    pub policy: HeartbeatPolicy,
    /// The name of the watch that this request may begin; drawn at random for each.
    pub watch: WatchId,
    /// How a request waits that has lost a race for a row.
    pub sleeper: &'a dyn Sleeper,
    /// When the request began.
    pub now: Timestamp,
}

impl<S, Q> Context<'_, S, Q> {
    /// How long to wait for `at`. Unit: whole seconds, at least one.
    fn delay(&self, at: Timestamp) -> Duration {
        delay::at_least(at.since(self.now)).max(Duration::from_secs(1))
    }

    /// Until when a row may still come to name a watch whose look this request queues: after that it has ended.
    pub(crate) fn named_by(&self) -> Timestamp {
        self.now.plus(REQUEST_MAX)
    }

    /// A number that names no watch: of a look that begins none.
    pub(crate) fn no_watch(&self) -> WatchId {
        WatchId(!self.watch.0)
    }

    /// The same, of one errand's look, at one of its turns.
    ///
    /// A request may queue several looks at one user. Of two with one number the one would tell what the other has told,
    /// as a look does that came before and may have died.
    pub(crate) fn number(&self, errand: Errand, attempt: u32) -> WatchId {
        WatchId(self.no_watch().0 ^ ((errand as u64) << 32 | u64::from(attempt)))
    }

    /// Tries of a change that others make at the same time.
    pub(crate) fn attempts(&self, max: u32) -> Attempts<'_> {
        Attempts::racing(self.sleeper, max, self.watch.0)
    }

    /// Looks at what another request may be about to do.
    pub(crate) fn waits(&self, max: u32) -> Attempts<'_> {
        Attempts::waiting(self.sleeper, max, self.watch.0)
    }

    fn status(&self, session: &Session) -> Status {
        session.status(self.policy, self.now)
    }
}

/// What a request queues a look for, besides its own watch.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Errand {
    /// Somebody asks for the user.
    Settle = 1,
    /// A friend looks at the user.
    Observe = 2,
    /// The user's connections turned out to be gone.
    Probe = 3,
    /// The user's lease has ended, and an earlier try may not have got to say so.
    Repeat = 4,
}

/// Does what a message of the queue asks for.
///
/// Connections that do not get an event are left to another message, which names them; those that have no room for it a
/// few times are closed, and the event is done with. Doing it again may repeat events, and changes nothing else. What was received before may have told friends something
/// that is no longer so, and have died before it noticed: then they are told again what is.
///
/// # Errors
///
/// [`TaskFailure::Retry`] where a store failed, [`TaskFailure::Permanent`] for what names nothing.
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

/// What friends are shown of a user.
fn user_presence(session: &Session, status: Status, now: Timestamp) -> UserPresence {
    UserPresence {
        user: session.user.to_string(),
        status: status.as_str().to_owned(),
        idle: status == Status::Online && session.is_idle(),
        last_active_at_ms: Some(session.presence.lease.active_at().shown(now).as_ms()),
    }
}

/// Whether somebody may be looking: friends believe that they are online, or will be told so.
pub(crate) fn may_observe(context: &Context<'_, impl Sync, impl Sync>, session: &Session) -> bool {
    session.presence.friends_see_online() || context.status(session) == Status::Online
}

/// What friends were told, or will have been.
fn last_notified_status(session: &Session) -> Status {
    if session.presence.friends_see_online() { Status::Online } else { Status::Offline }
}

/// How often a change of a row is tried that others change at the same time.
const ATTEMPTS_MAX: u32 = 8;
