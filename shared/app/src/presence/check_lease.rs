//! Lease checks: whether a lease has run out, and which queue message checks it next.
//!
//! The next check is queued before the row names it. A check that no row names is dropped; a row whose check is missing
//! would show a dead user as online.

use std::time::Duration;

use confab_domain::watch::{LeaseAction, LeaseCheck, decide_lease_action};
use confab_domain::{Status, Timestamp, UserId, WatchId};

use super::{ATTEMPTS_MAX, Context, PresenceTask, Queued, last_notified_status, notify};
use crate::connections::stale::stale_among;
use crate::ports::{
    ConnectionChange, Connections, Consistency, Contacts, PresenceQueue, PushQueue, Session, Sessions,
};
use crate::push::PushTask;
use crate::{Error, chain, metric};

/// A queue message that checks a lease.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) check: LeaseCheck,
    pub(super) id: WatchId,
    /// Time by which the row names it, if at all.
    pub(super) named_by: Option<Timestamp>,
    /// The user who was answered `online`, and the check that had ended the last watch before that answer.
    pub(super) shown: Option<(UserId, Option<WatchId>)>,
    pub(super) received_before: bool,
}

/// Checks a lease, changes the row, and notifies friends.
pub(super) async fn check_lease(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    (connections, pushes): (&impl Connections, &impl PushQueue),
    user: UserId,
    message: Message,
) -> Result<(), Error> {
    let Message { check, id, .. } = message;
    let mut queued = Queued::default();
    let mut attempts = context.attempts(ATTEMPTS_MAX);
    while attempts.next().await {
        let Some(mut session) = context.store.session(user, Consistency::Strong).await? else {
            return Ok(());
        };
        let seen = session.presence;
        let check_at = session.ends_at(context.policy);
        let mut queue = async |id| {
            let (by, delay) = (context.named_by(), context.delay(check_at));
            queued.check(context.queue, (user, id), by, delay).await
        };
        let (after, notified) = match decide_lease_action(
            check,
            id,
            &seen,
            session.is_connected(),
            context.policy,
            context.now,
        ) {
            LeaseAction::Nothing => return nothing_to_do(context, connections, &session, message).await,
            LeaseAction::CheckAgain => return Ok(queue(id).await?),
            LeaseAction::NotifyAgain(status) => {
                return notify::notify_friends(context, connections, &session, status).await;
            }
            LeaseAction::Begin { notifies } => {
                queue(id).await?;
                let begun = if notifies && !session.is_idle() { seen.attended() } else { seen };
                (begun.watched(id, check_at).alone(context.now), notifies.then_some(Status::Online))
            }
            LeaseAction::Renew => {
                queue(context.watch).await?;
                (seen.watched(context.watch, check_at).alone(context.now), None)
            }
            LeaseAction::End => {
                if session.is_connected() {
                    // Messages that the gateway took for a dead socket may not have arrived.
                    pushes.put(&PushTask::silence(user, seen.lease.renewed_at), Duration::ZERO).await?;
                }
                (seen.ended(id), Some(Status::Offline))
            }
        };
        if !context.store.replace_presence(user, &seen, &after).await? {
            continue;
        }
        session.presence = after;
        if check == LeaseCheck::First && notified.is_none() {
            metrics::counter!(metric::BROKEN_WATCHES).increment(1);
        }
        return match notified {
            Some(status) => {
                metrics::counter!(metric::PRESENCE_CHANGES, metric::STATUS => status.as_str()).increment(1);
                if status == Status::Offline {
                    prune(context.store, connections, &session, context.now).await;
                }
                notify::notify_friends(context, connections, &session, status).await
            }
            None if seen.lease.alone_since.is_none() => {
                notify::find_observers(context, connections, session, None).await
            }
            None => Ok(()),
        };
    }
    Err(Error::Contended)
}

/// Delay of a check that came before the row named it.
const TOO_EARLY: Duration = Duration::from_secs(2);

/// Ends a check that changes nothing.
///
/// Queues the check again where the row may still come to name it. Corrects an answer of `online` after which no friend
/// was notified. Repeats the notification where an earlier delivery may have died.
async fn nothing_to_do(
    context: &Context<'_, impl Sessions + Contacts, impl PresenceQueue>,
    connections: &impl Connections,
    session: &Session,
    message: Message,
) -> Result<(), Error> {
    let Message { id, named_by, shown, received_before, .. } = message;
    // A time further ahead was written by a wrong clock: the row does not come to name that check.
    let may_come = |by: &Timestamp| context.now < *by && by.may_have_been(context.named_by());
    if let Some(named_by) = named_by.filter(|by| may_come(by) && !session.presence.is_named(id)) {
        let again = PresenceTask::check(session.user, id, named_by);
        context.queue.put(&again, TOO_EARLY).await?;
    }
    if let Some((to, ended_by)) = shown {
        let is_offline = [context.status(session), last_notified_status(session)] == [Status::Offline; 2];
        if is_offline && session.presence.ended_by == ended_by {
            // The lease ended before friends were notified of `online`. Otherwise another check would have ended the
            // watch, and the row would name that check.
            notify::correct_answer(context, connections, session, to).await?;
        }
    }
    if received_before {
        notify::notify_friends(context, connections, session, last_notified_status(session)).await?;
    }
    Ok(())
}

/// Ends the registrations of stale connections, for which no `$disconnect` came. Best effort.
async fn prune(sessions: &impl Sessions, connections: &impl Connections, session: &Session, now: Timestamp) {
    let stale = stale_among(connections, session.connections.clone(), now).await;
    metrics::counter!(metric::STALE_CONNECTIONS).increment(stale.len() as u64);
    let change = ConnectionChange::closed(&stale);
    if let Err(error) = sessions.change_connections(session.user, &change, now).await {
        tracing::warn!(
            event = "stale_removal_failed",
            error = chain(&error),
            "stale connections stay registered"
        );
    }
}
