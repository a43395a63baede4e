//! Connections that did not get an event: only they are offered it again.
//!
//! A connection without room is offered the event a few times within seconds, and then closed: a client that reads
//! nothing gets more from a new connection and a `sync`. A failure of the gateway is retried for minutes, and closes
//! no connection.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_domain::retry::{pause_after_failed_post, pause_before_post};
use confab_domain::{ConnectionId, Timestamp, UserId};
use confab_protocol::server::ClosingReason;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::connections::close_connection::close_with_reason;
use crate::delivery::announce::{FullConnection, POSTS_IN_FLIGHT_MAX, Posted};
use crate::ports::{CloseOutcome, Connection, ConnectionChange, Connections, Session, Sessions};
use crate::{TaskFailure, chain, metric};

/// Maximum number of connections that one task names. Posting to all of them, and closing them, ends in time even if
/// each call takes as long as it may; and the task is far smaller than a queue message may be.
pub(crate) const CONNECTIONS_PER_TASK: usize = 64;

/// Number of offers of an event that failed.
///
/// Shape: `{"tries":1,"failures":2}`, the second absent where it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Offers in a row for which the connections had no room.
    #[serde(rename = "tries")]
    pub full: u32,
    /// Offers that failed because of the gateway.
    #[serde(rename = "failures", default, skip_serializing_if = "is_zero")]
    pub failed: u32,
}

impl Tries {
    /// Counts one more offer for which the connections had no room.
    const fn full_again(self) -> Self {
        Self { full: self.full + 1, ..self }
    }

    /// Counts one more failure of the gateway. Offers without room before it no longer count: the clients may have
    /// read meanwhile.
    const fn failed_again(self) -> Self {
        Self { full: 0, failed: self.failed + 1 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A user's connections that did not get an event.
///
/// Shape: `{"user":"usr_…","connections":["…"]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// `usr_…`.
    pub user: String,
    /// The gateway's connection ids.
    pub connections: Vec<String>,
}

/// An offer to repeat after a pause.
#[derive(Debug)]
pub(crate) struct Retry {
    pub(crate) unreached: Vec<Unreached>,
    pub(crate) tries: Tries,
    pub(crate) pause: Duration,
}

/// Decides what to do with the connections that an event did not reach, by the number of earlier tries.
///
/// Connections that had no room a few times in a row are closed. Connections to which the gateway does not post for
/// minutes miss the event.
pub(crate) async fn retries(
    sessions: &impl Sessions,
    connections: &impl Connections,
    posted: Posted,
    before: Tries,
    now: Timestamp,
) -> Vec<Retry> {
    let Posted { full, failed, unoffered, .. } = posted;
    let mut retries = Vec::new();
    let mut again = |those: &[(UserId, Connection)], tries, pause| {
        retries.extend(tasks(those).map(|unreached| Retry { unreached, tries, pause }));
    };
    let tries = before.failed_again();
    match pause_after_failed_post(tries.failed) {
        Some(pause) => again(&failed, tries, pause),
        None => give_up(&failed),
    }
    again(&unoffered, before, pause_before_post(1).unwrap_or_default());
    let tries = before.full_again();
    match pause_before_post(tries.full) {
        Some(pause) => {
            let full: Vec<_> = full.into_iter().map(FullConnection::into_parts).collect();
            again(&full, tries, pause);
        }
        None => close_slow(sessions, connections, full, now).await,
    }
    retries
}

fn give_up(failed: &[(UserId, Connection)]) {
    if !failed.is_empty() {
        tracing::error!(
            event = "fan_out_incomplete",
            count = failed.len(),
            "the gateway has failed for minutes"
        );
    }
}

fn tasks(connections: &[(UserId, Connection)]) -> impl Iterator<Item = Vec<Unreached>> {
    connections.chunks(CONNECTIONS_PER_TASK).map(|some| {
        by_user(some)
            .into_iter()
            .map(|(user, opened)| Unreached {
                user: user.to_string(),
                connections: opened.into_iter().map(|open| open.id.to_string()).collect(),
            })
            .collect()
    })
}

fn by_user(connections: &[(UserId, Connection)]) -> BTreeMap<UserId, Vec<&Connection>> {
    let mut by_user: BTreeMap<UserId, Vec<&Connection>> = BTreeMap::new();
    for (user, connection) in connections {
        by_user.entry(*user).or_default().push(connection);
    }
    by_user
}

/// Parses the users and connections that a task names.
pub(crate) fn read(unreached: &[Unreached]) -> Result<BTreeMap<UserId, BTreeSet<ConnectionId>>, TaskFailure> {
    let read = |Unreached { user, connections }: &Unreached| {
        let user = user.parse().map_err(|_| TaskFailure::Permanent("no user id"))?;
        Ok((user, connections.iter().map(ConnectionId::new).collect()))
    };
    unreached.iter().map(read).collect()
}

/// The rows with only the named connections that are still registered. A connection whose registration has ended, for
/// example by a logout, gets no more events.
pub(crate) fn only(rows: Vec<Session>, unreached: &BTreeMap<UserId, BTreeSet<ConnectionId>>) -> Vec<Session> {
    rows.into_iter()
        .filter_map(|mut row| {
            let named = unreached.get(&row.user)?;
            row.connections.retain(|open| named.contains(&open.id));
            Some(row)
        })
        .collect()
}

/// Sends slow connections a `closing` frame where they take it, closes them, and ends their registrations.
///
/// Best effort: a connection that stays open is closed after the next event that it does not take.
pub(crate) async fn close_slow(
    sessions: &impl Sessions,
    connections: &impl Connections,
    slow: Vec<FullConnection>,
    now: Timestamp,
) {
    let closed: Vec<(UserId, Connection)> = stream::iter(slow.into_iter().map(FullConnection::into_parts))
        .map(|(user, connection)| async move {
            match close_with_reason(connections, &connection.id, ClosingReason::TooSlow).await {
                Ok(CloseOutcome::Closed | CloseOutcome::Gone) => Some((user, connection)),
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(
                        event = "slow_close_failed",
                        connection_id = %connection.id,
                        error,
                        "a slow connection stays open"
                    );
                    None
                }
            }
        })
        .buffer_unordered(POSTS_IN_FLIGHT_MAX)
        .filter_map(std::future::ready)
        .collect()
        .await;
    metrics::counter!(metric::SLOW_CONNECTIONS).increment(closed.len() as u64);
    for (user, slow) in by_user(&closed) {
        tracing::info!(
            event = "slow_connections_closed",
            %user,
            count = slow.len(),
            "connections that read nothing are closed"
        );
        let change = ConnectionChange::closed(slow);
        if let Err(error) = sessions.change_connections(user, &change, now).await {
            tracing::warn!(
                event = "stale_removal_failed",
                error = chain(&error),
                "closed connections stay registered"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: usize) -> UserId {
        format!("usr_01ARZ3NDEKTSV4RRFFQ6{n:06}").parse().unwrap()
    }

    /// As long as the ids of API Gateway, or longer.
    fn connection(n: usize) -> Connection {
        Connection {
            id: ConnectionId::new(format!("TWegAcC4EowCHnA{n:08}=")),
            device: "dev_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            family: None,
            opened_at: Timestamp::from_ms(1),
            attendance: confab_domain::Attendance::Unstated,
        }
    }

    #[test]
    fn a_task_is_far_smaller_than_a_message_of_a_queue_may_be() {
        let all: Vec<_> = (0..5_000).map(|n| (user(n), connection(n))).collect();
        let tasks: Vec<_> = tasks(&all).collect();
        assert_eq!(tasks.len(), 79);
        for task in tasks {
            assert!(serde_json::to_string(&task).unwrap().len() < 8 * 1024);
        }
    }

    #[test]
    fn a_failure_of_the_gateway_resets_the_count_of_offers_without_room() {
        let before = Tries::default().full_again().full_again().full_again();
        assert_eq!(pause_before_post(before.full_again().full), None);
        let after = before.failed_again();
        assert_eq!(pause_before_post(after.full_again().full), pause_before_post(1));
        assert_eq!(after.full_again().failed, 1, "failures of the gateway stay counted");
    }

    #[test]
    fn a_task_names_the_connections_of_one_user_together() {
        let user = user(1);
        let tasks: Vec<_> = tasks(&[(user, connection(1)), (user, connection(2))]).collect();
        let [task] = &tasks[..] else { panic!("{tasks:?}") };
        assert_eq!(task.len(), 1);
        assert_eq!(read(task).unwrap()[&user].len(), 2);
    }
}
