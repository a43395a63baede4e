//! Asking a client whether it is alive, that was told to say so rarely.

use std::time::Duration;

use confab_domain::lease::HeartbeatPolicy;
use confab_domain::retry::pause_before_post;
use confab_domain::{Presence, Status, UserId};
use confab_protocol::{ServerFrame, server};
use futures_util::{StreamExt, stream};

use super::{ATTEMPTS_MAX, Context, PresenceTask, Queued};
use crate::announce::post_to;
use crate::at_once::STORE_CALLS_MAX;
use crate::ports::{Connections, PresenceQueue, Session, Sessions, StoreError};
use crate::unreached::close_slow;

/// When the devices that are left are asked, after one that did not take the question was closed.
const AFTER_A_CLOSE: Duration = Duration::from_secs(1);

/// A friend looks at each of these from now on. Who could not be asked is asked again by another message.
///
/// # Errors
///
/// [`StoreError`]; some go on to be taken for alone, until the next who looks.
pub(crate) async fn look_at_each(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    sessions: Vec<Session>,
) -> Result<(), StoreError> {
    stream::iter(sessions)
        .map(|session| look_at(context, connections, session, 0))
        .buffer_unordered(STORE_CALLS_MAX)
        // Each to its end, though another fails: who has to answer must have been asked.
        .fold(Ok(()), |all, one| std::future::ready(all.and(one)))
        .await
}

/// Asks somebody who could not be asked before, unless they were heard from as often as usual since.
pub(super) async fn ask_again(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    tries: u32,
) -> Result<(), StoreError> {
    match context.store.session(user).await? {
        Some(session) => look_at(context, connections, session, tries).await,
        None => Ok(()),
    }
}

/// A user who is looked at is no longer alone, and if they were told to beat rarely, they have to answer a probe at once.
async fn look_at(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    session: Session,
    tries: u32,
) -> Result<(), StoreError> {
    let (user, mut session, mut queued) = (session.user, session, Queued::default());
    for _ in 0..ATTEMPTS_MAX {
        let seen = session.presence;
        let is_offline = context.status(&session) == Status::Offline;
        if is_offline && seen.is_told_online() {
            context.queue.put(&PresenceTask::check_once(user, context.no_watch()), Duration::ZERO).await?;
        }
        if seen.lease.alone_since.is_none() {
            return Ok(());
        }
        let probed = context.policy.probed(&seen.lease, context.now).filter(|_| !is_offline);
        let after = match probed {
            None => seen.looked_at(),
            Some(ends_at) => {
                let (by, delay) = (context.named_by(), context.delay(ends_at));
                queued.check(context.queue, (user, context.watch), by, delay).await?;
                seen.looked_at().ending(ends_at).watched(context.watch, ends_at)
            }
        };
        let replaced = context.store.replace_presence(user, &seen, &after).await;
        if probed.is_some() && !matches!(replaced, Ok(false)) {
            // Where the outcome is not known, they may have to answer.
            let asked = probe(context, connections, &session, &after, tries).await;
            return replaced.and(asked);
        }
        if replaced? {
            return Ok(());
        }
        match context.store.session(user).await? {
            Some(now) => session = now,
            None => return Ok(()),
        }
    }
    Err(StoreError::Unavailable("a session is changed too often".into()))
}

/// Asks every device; those that are gone are forgotten, and if all are, the lease is looked at now.
///
/// Whoever could not be asked has nothing to answer: the lease is as it was, until they are asked again, a moment later.
/// A device that takes no question for seconds is closed, and counts no longer.
async fn probe(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    session: &Session,
    probed: &Presence,
    tries_before: u32,
) -> Result<(), StoreError> {
    let (user, event, rows) = (session.user, probe_event(context.policy), std::slice::from_ref(session));
    let posted = post_to(context.store, connections, rows, None, &event, context.now).await?;
    if !posted.is_done() {
        let unasked = Presence { lease: session.presence.lease, ..*probed };
        context.store.replace_presence(user, probed, &unasked).await?;
        let tries = tries_before + 1;
        let (tries, pause) = match pause_before_post(tries) {
            Some(pause) => (tries, pause),
            None => {
                close_slow(context.store, connections, posted.refused, context.now).await;
                (0, AFTER_A_CLOSE)
            }
        };
        context.queue.put(&PresenceTask::ask(user, tries), pause).await?;
    }
    let left = context.store.session(user).await?;
    if left.is_some_and(|left| context.status(&left) == Status::Offline) {
        let task = PresenceTask::check_once(user, context.no_watch());
        context.queue.put(&task, Duration::ZERO).await?;
    }
    Ok(())
}

/// What a client answers at once by a heartbeat, and beats as often as usual from then on.
pub(crate) fn probe_event(policy: HeartbeatPolicy) -> ServerFrame {
    ServerFrame::Heartbeat(server::Heartbeat {
        id: None,
        server_at_ms: None,
        next_seconds: policy.interval.as_secs(),
    })
}
