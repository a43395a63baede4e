//! Probes of clients that send heartbeats rarely, once their user has an observer.

use std::collections::BTreeSet;
use std::time::Duration;

use confab_domain::lease::HeartbeatPolicy;
use confab_domain::retry::{pause_after_failed_post, pause_before_post};
use confab_domain::{ConnectionId, Presence, Status, UserId};
use confab_protocol::{ServerFrame, server};
use futures_util::{StreamExt, stream};

use super::{ATTEMPTS_MAX, Context, Errand, PresenceTask, Queued};
use crate::delivery::announce::{FullConnection, Posted, post_to};
use crate::delivery::unreached::{Tries, close_slow};
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{Connections, Consistency, PresenceQueue, Session, Sessions, StoreError};

/// Pause before the next round, where a connection without room was closed or some connections were not offered the
/// probe.
const AFTER_A_CLOSE: Duration = Duration::from_secs(1);

/// Rounds of probes that did not reach all connections of a user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) tries: Tries,
    /// Connections that had no room for the probe in each round in which any had none.
    pub(crate) full: BTreeSet<ConnectionId>,
}

impl Asked {
    /// Counts one more round. Returns the pause before the next round, `None` once the gateway has failed for
    /// minutes, and the connections to close before it.
    fn and(self, posted: Posted) -> (Self, Option<Duration>, Vec<FullConnection>) {
        let Posted { full, failed, unoffered, .. } = posted;
        let (still, new): (Vec<_>, Vec<_>) = full.into_iter().partition(|full| self.full.contains(full.id()));
        let (mut full, tries) = if still.is_empty() { (new, 0) } else { (still, self.tries.full) };
        let mut asked = Self { tries: self.tries, full: full.iter().map(|full| full.id().clone()).collect() };
        let mut pauses = Vec::new();
        if full.is_empty() {
            asked.tries.full = 0;
        } else {
            asked.tries.full = tries + 1;
            match pause_before_post(asked.tries.full) {
                Some(pause) => {
                    pauses.push(pause);
                    full.clear();
                }
                None => {
                    pauses.push(AFTER_A_CLOSE);
                    asked = Self { tries: Tries { full: 0, ..asked.tries }, full: BTreeSet::new() };
                }
            }
        }
        if !failed.is_empty() {
            asked.tries.failed += 1;
            pauses.extend(pause_after_failed_post(asked.tries.failed));
        }
        if !unoffered.is_empty() {
            pauses.push(AFTER_A_CLOSE);
        }
        (asked, pauses.into_iter().min(), full)
    }
}

/// Marks each user as not alone, and probes those whose clients send heartbeats rarely. Another queue message probes
/// again where a probe could not be posted.
///
/// # Errors
///
/// [`StoreError`]; some users remain marked as alone until the next observer comes.
pub(crate) async fn observe_each(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    sessions: Vec<Session>,
) -> Result<(), StoreError> {
    stream::iter(sessions)
        .map(|session| observe(context, connections, session, Asked::default()))
        .buffer_unordered(STORE_CALLS_MAX)
        // Each runs to its end though another fails: a lease that needs an answer must have its probe posted.
        .fold(Ok(()), |all, one| std::future::ready(all.and(one)))
        .await
}

/// Probes a user again whose probe could not be posted, unless the client sends heartbeats at the usual interval by
/// now.
pub(super) async fn ask_again(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    asked: Asked,
) -> Result<(), StoreError> {
    match context.store.session(user, Consistency::Strong).await? {
        Some(session) => observe(context, connections, session, asked).await,
        None => Ok(()),
    }
}

/// Marks a user as not alone. If the client sends heartbeats rarely, shortens the lease and probes the client.
async fn observe(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    session: Session,
    asked_before: Asked,
) -> Result<(), StoreError> {
    let (user, mut session, mut queued) = (session.user, session, Queued::default());
    let mut attempts = context.attempts(ATTEMPTS_MAX);
    while attempts.next().await {
        let seen = session.presence;
        let is_offline = context.status(&session) == Status::Offline;
        if is_offline && seen.friends_see_online() {
            let number = context.number(Errand::Observe, attempts.number());
            context.queue.put(&PresenceTask::check_once(user, number), Duration::ZERO).await?;
        }
        if seen.lease.alone_since.is_none() {
            return Ok(());
        }
        let probed = context.policy.probed(&seen.lease, context.now).filter(|_| !is_offline);
        let after = match probed {
            None => seen.observed(),
            Some(ends_at) => {
                let (by, delay) = (context.named_by(), context.delay(ends_at));
                queued.check(context.queue, (user, context.watch), by, delay).await?;
                seen.observed().ending(ends_at).watched(context.watch, ends_at)
            }
        };
        let replaced = context.store.replace_presence(user, &seen, &after).await;
        if probed.is_some() && !matches!(replaced, Ok(false)) {
            // Also after an unknown outcome: the lease may have been shortened.
            let asked = probe(context, connections, &session, &after, asked_before).await;
            return replaced.and(asked);
        }
        if replaced? {
            return Ok(());
        }
        match context.store.session(user, Consistency::Strong).await? {
            Some(now) => session = now,
            None => return Ok(()),
        }
    }
    Err(StoreError::Unavailable("a session is changed too often".into()))
}

/// Probes every connection of a user. Stale connections lose their registration; if the user is offline without them, a
/// lease check is queued without delay.
///
/// Where a probe could not be posted to every connection, the lease gets its earlier end back, and another queue
/// message probes again a moment later. A connection that has no room for the probe for seconds is closed, and counts
/// no longer.
async fn probe(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    session: &Session,
    probed: &Presence,
    asked_before: Asked,
) -> Result<(), StoreError> {
    let (user, event, rows) = (session.user, probe_event(context.policy), std::slice::from_ref(session));
    let posted = post_to(context.store, connections, rows, None, &event, context.now).await?;
    if !posted.is_done() {
        let unasked = Presence { lease: session.presence.lease, ..*probed };
        context.store.replace_presence(user, probed, &unasked).await?;
        let (asked, pause, full) = asked_before.and(posted);
        close_slow(context.store, connections, full, context.now).await;
        match pause {
            Some(pause) => context.queue.put(&PresenceTask::ask(user, asked), pause).await?,
            None => tracing::error!(event = "probe_given_up", %user, "the gateway has failed for minutes"),
        }
    }
    let left = context.store.session(user, Consistency::Strong).await?;
    if left.is_some_and(|left| context.status(&left) == Status::Offline) {
        let task = PresenceTask::check_once(user, context.number(Errand::Probe, 0));
        context.queue.put(&task, Duration::ZERO).await?;
    }
    Ok(())
}

/// The probe frame. The client answers it with a heartbeat at once, and sends heartbeats at the usual interval from
/// then on.
pub(crate) fn probe_event(policy: HeartbeatPolicy) -> ServerFrame {
    ServerFrame::Heartbeat(server::HeartbeatFrame {
        id: None,
        server_at_ms: None,
        next_seconds: policy.interval.as_secs(),
    })
}
