//! Asking a client whether it is alive, that was told to say so rarely.

use std::time::Duration;

use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{Presence, Status};
use confab_protocol::{ServerFrame, server};
use futures_util::{StreamExt, stream};

use super::{ATTEMPTS_MAX, Context, PresenceTask};
use crate::announce::{Reached, post_to};
use crate::at_once::STORE_CALLS_MAX;
use crate::ports::{Connections, PresenceQueue, Session, Sessions, StoreError};

/// Times that a probe is posted: the gateway may be throttled for a moment, and there are seconds to answer.
const POSTS_MAX: u32 = 3;

/// A friend looks at each of these from now on. [`Reached::NotAll`] where somebody could not be asked.
///
/// # Errors
///
/// [`StoreError`]; some go on to be taken for alone, until the next who looks.
pub(crate) async fn look_at_each(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    sessions: Vec<Session>,
) -> Result<Reached, StoreError> {
    stream::iter(sessions)
        .map(|session| look_at(context, connections, session))
        .buffer_unordered(STORE_CALLS_MAX)
        // Each to its end, though another fails: who has to answer must have been asked.
        .fold(Ok(Reached::All), |all, one| std::future::ready(all.and_then(|all| Ok(all.and(one?)))))
        .await
}

/// A user who is looked at is no longer alone, and if they were told to beat rarely, they have to answer a probe at once.
async fn look_at(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    session: Session,
) -> Result<Reached, StoreError> {
    let (user, mut session, mut is_queued) = (session.user, session, false);
    for _ in 0..ATTEMPTS_MAX {
        let seen = session.presence;
        let is_offline = context.status(&session) == Status::Offline;
        if is_offline && seen.is_told_online() {
            context.queue.put(&PresenceTask::check_once(user, context.no_watch()), Duration::ZERO).await?;
        }
        if seen.lease.alone_since.is_none() {
            return Ok(Reached::All);
        }
        let probed = context.policy.probed(&seen.lease, context.now).filter(|_| !is_offline);
        let after = match probed {
            None => seen.looked_at(),
            Some(ends_at) => {
                if !std::mem::replace(&mut is_queued, true) {
                    let task = PresenceTask::check(user, context.watch, context.named_by());
                    context.queue.put(&task, context.delay(ends_at)).await?;
                }
                seen.looked_at().ending(ends_at).watched(context.watch, ends_at)
            }
        };
        let replaced = context.store.replace_presence(user, &seen, &after).await;
        if probed.is_some() && !matches!(replaced, Ok(false)) {
            // Where the outcome is not known, they may have to answer.
            let reached = probe(context, connections, &session, &after).await;
            return replaced.and(reached);
        }
        if replaced? {
            return Ok(Reached::All);
        }
        match context.store.session(user).await? {
            Some(now) => session = now,
            None => return Ok(Reached::All),
        }
    }
    Err(StoreError::Unavailable("a session is changed too often".into()))
}

/// Asks every device; those that are gone are forgotten, and if all are, the lease is looked at now.
///
/// Whoever could not be asked has nothing to answer: the lease is as it was, until the next who looks.
async fn probe(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    session: &Session,
    probed: &Presence,
) -> Result<Reached, StoreError> {
    let event = probe_event(context.policy);
    let rows = std::slice::from_ref(session);
    let mut reached = Reached::NotAll;
    for _ in 0..POSTS_MAX {
        reached = post_to(context.store, connections, rows, None, &event, context.now).await?.reached;
        if reached == Reached::All {
            break;
        }
    }
    if reached == Reached::NotAll {
        let unasked = Presence { lease: session.presence.lease, ..*probed };
        context.store.replace_presence(session.user, probed, &unasked).await?;
    }
    let left = context.store.session(session.user).await?;
    if left.is_some_and(|left| context.status(&left) == Status::Offline) {
        let task = PresenceTask::check_once(session.user, context.no_watch());
        context.queue.put(&task, Duration::ZERO).await?;
    }
    Ok(reached)
}

/// What a client answers at once by a heartbeat, and beats as often as usual from then on.
pub(crate) fn probe_event(policy: HeartbeatPolicy) -> ServerFrame {
    ServerFrame::Heartbeat(server::Heartbeat {
        id: None,
        server_at_ms: None,
        next_seconds: policy.interval.as_secs(),
    })
}
