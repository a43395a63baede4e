//! Session rows.

use std::time::Duration;

use confab_app::ports::{Connection, Session, Sessions};
use confab_domain::{ConnectionId, Timestamp, UserId};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::NOW;

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// Opens a connection of a user with a lease of 30 s.
async fn open(sessions: &impl Sessions, user: UserId, connection: &Connection) -> Session {
    sessions.open_connection(user, connection, later(30), NOW).await.unwrap()
}

async fn row(sessions: &impl Sessions, user: UserId) -> Session {
    let mut rows = sessions.sessions(&[user]).await.unwrap();
    assert_eq!(rows.len(), 1);
    sorted(rows.remove(0))
}

/// Connections come in no particular order.
fn sorted(mut session: Session) -> Session {
    session.connections.sort_by(|one, other| one.id.cmp(&other.id));
    session
}

pub async fn opening_a_connection_gives_the_row_as_it_is_then(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let first = ids.connection(1, 1);
    let second = Connection { opened_at: later(5), ..ids.connection(1, 2) };
    let expected =
        Session { user, lease_until: later(30), last_active_at: NOW, connections: vec![first.clone()] };
    assert_eq!(open(sessions, user, &first).await, expected);
    let opened = sessions.open_connection(user, &second, later(35), later(5)).await.unwrap();
    let expected = Session {
        lease_until: later(35),
        last_active_at: later(5),
        connections: vec![first, second],
        ..expected
    };
    assert_eq!(sorted(opened), expected);
    assert_eq!(row(sessions, user).await, expected);
}

pub async fn a_connection_opened_again_is_there_once(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    open(sessions, user, &ids.connection(1, 1)).await;
    let again = Connection { opened_at: later(9), ..ids.connection(1, 1) };
    open(sessions, user, &again).await;
    assert_eq!(row(sessions, user).await.connections, [again]);
}

pub async fn racing_openings_are_all_on_record(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let connections: Vec<Connection> = (1..=6).map(|n| ids.connection(1, n)).collect();
    join_all(connections.iter().map(|connection| open(sessions, user, connection))).await;
    assert_eq!(row(sessions, user).await.connections, connections);
}

pub async fn a_renewal_moves_the_lease_of_a_connection_on_record(sessions: &impl Sessions, ids: Ids) {
    let (user, connection) = (ids.user(1), ids.connection(1, 1));
    open(sessions, user, &connection).await;
    assert!(sessions.renew(user, &connection.id, later(60), later(30)).await.unwrap());
    let expected =
        Session { user, lease_until: later(60), last_active_at: later(30), connections: vec![connection] };
    assert_eq!(row(sessions, user).await, expected);
}

pub async fn a_renewal_by_an_unknown_connection_changes_nothing(sessions: &impl Sessions, ids: Ids) {
    let (user, unknown) = (ids.user(1), ids.connection(1, 2).id);
    assert!(!sessions.renew(user, &unknown, later(60), later(30)).await.unwrap());
    assert_eq!(sessions.sessions(&[user]).await.unwrap(), []);
    let before = open(sessions, user, &ids.connection(1, 1)).await;
    assert!(!sessions.renew(user, &unknown, later(60), later(30)).await.unwrap());
    assert_eq!(row(sessions, user).await, before);
}

pub async fn closing_a_connection_keeps_the_others(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    for n in 1..=4 {
        open(sessions, user, &ids.connection(1, n)).await;
    }
    sessions.close_connections(user, &[ids.connection(1, 2).id]).await.unwrap();
    let gone = [ids.connection(1, 4).id, ids.connection(1, 2).id, ids.connection(1, 9).id];
    sessions.close_connections(user, &gone).await.unwrap();
    let expected = [ids.connection(1, 1), ids.connection(1, 3)];
    assert_eq!(row(sessions, user).await.connections, expected);
}

/// A late `$disconnect` must not make a user, or bring one back.
pub async fn closing_what_is_not_there_is_ignored(sessions: &impl Sessions, ids: Ids) {
    let unknown: [ConnectionId; 1] = [ids.connection(1, 1).id];
    sessions.close_connections(ids.user(1), &unknown).await.unwrap();
    let rows = sessions.sessions(&[ids.user(1)]).await.unwrap();
    assert!(rows.iter().all(|row| row.connections.is_empty()));
    let before = open(sessions, ids.user(2), &ids.connection(2, 2)).await;
    sessions.close_connections(ids.user(2), &unknown).await.unwrap();
    assert_eq!(row(sessions, ids.user(2)).await, before);
}

/// A tunnel is not a logout.
pub async fn closing_the_last_connection_keeps_the_lease(sessions: &impl Sessions, ids: Ids) {
    let (user, connection) = (ids.user(1), ids.connection(1, 1));
    let before = open(sessions, user, &connection).await;
    sessions.close_connections(user, &[connection.id]).await.unwrap();
    assert_eq!(row(sessions, user).await, Session { connections: Vec::new(), ..before });
}

pub async fn ending_the_lease_keeps_the_connections(sessions: &impl Sessions, ids: Ids) {
    let (user, connection) = (ids.user(1), ids.connection(1, 1));
    open(sessions, user, &connection).await;
    sessions.end_lease(user, later(10)).await.unwrap();
    let ended = row(sessions, user).await;
    assert!(ended.lease_until <= later(10));
    assert_eq!(ended.connections, [connection]);
    // A user without a row is offline already.
    sessions.end_lease(ids.user(2), NOW).await.unwrap();
    let rows = sessions.sessions(&[ids.user(2)]).await.unwrap();
    assert!(rows.iter().all(|row| row.connections.is_empty() && row.lease_until <= NOW));
}

pub async fn rows_of_a_hundred_users_are_read_at_once_and_missing_ones_left_out(
    sessions: &impl Sessions,
    ids: Ids,
) {
    let with_a_row = |n: &u32| n % 10 != 3;
    for n in (0..100).filter(with_a_row) {
        open(sessions, ids.user(n), &ids.connection(n, 1)).await;
    }
    let users: Vec<UserId> = (0..100).map(|n| ids.user(n)).collect();
    let mut rows = sessions.sessions(&users).await.unwrap();
    rows.sort_by_key(|row| row.user);
    let expected = (0..100).filter(with_a_row).map(|n| (ids.user(n), vec![ids.connection(n, 1)]));
    assert!(rows.into_iter().map(|row| (row.user, row.connections)).eq(expected));
}
