//! Session rows and their connections.

use confab_app::ports::{Connection, ConnectionChange, Consistency, OpenOutcome, Session, Sessions};
use confab_domain::budget::Budgets;
use confab_domain::{Presence, Timestamp, UserId};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, later};

/// Opens a connection of a user.
pub(crate) async fn open(sessions: &impl Sessions, user: UserId, connection: &Connection) -> Session {
    open_at(sessions, user, connection, NOW).await
}

/// Opens a connection of a user at a time.
pub(crate) async fn open_at(
    sessions: &impl Sessions,
    user: UserId,
    connection: &Connection,
    now: Timestamp,
) -> Session {
    match sessions.open_connection(user, connection, now).await.unwrap() {
        OpenOutcome::Opened(session) => session,
        OpenOutcome::Full(session) => panic!("no room in {session:?}"),
    }
}

/// Ends the registration of connections.
pub(crate) async fn close<'a>(
    sessions: &impl Sessions,
    user: UserId,
    connections: impl IntoIterator<Item = &'a Connection>,
) {
    sessions.change_connections(user, &ConnectionChange::closed(connections), NOW).await.unwrap();
}

/// The row, which a strongly consistent read and a batch read give alike.
pub(crate) async fn row(sessions: &impl Sessions, user: UserId) -> Session {
    let row = sorted(sessions.session(user, Consistency::Strong).await.unwrap().expect("there is a row"));
    let mut rows = sessions.sessions(&[user]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(sorted(rows.remove(0)), row);
    row
}

/// Sorts the connections, which come in no particular order.
fn sorted(mut session: Session) -> Session {
    session.connections.sort_by(|one, other| one.id.cmp(&other.id));
    session.displaced.sort_by(|one, other| one.id.cmp(&other.id));
    session
}

pub async fn opening_a_connection_gives_the_row_as_it_is_then(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let first = ids.connection(1, 1);
    let second = Connection { opened_at: later(5), ..ids.connection(1, 2) };
    let expected = Session {
        user,
        presence: Presence::begun(NOW),
        connections: vec![first.clone()],
        displaced: Vec::new(),
        budgets: Budgets::default(),
    };
    assert_eq!(open(sessions, user, &first).await, expected.clone());
    let opened = open_at(sessions, user, &second, later(5)).await;
    let expected =
        Session { presence: Presence::begun(later(5)), connections: vec![first, second], ..expected };
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

pub async fn racing_openings_are_all_registered(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let connections: Vec<Connection> = (1..=6).map(|n| ids.connection(1, n)).collect();
    join_all(connections.iter().map(|connection| open(sessions, user, connection))).await;
    assert_eq!(row(sessions, user).await.connections, connections);
}

pub async fn a_user_without_a_row_has_none(sessions: &impl Sessions, ids: Ids) {
    assert_eq!(sessions.session(ids.user(1), Consistency::Strong).await.unwrap(), None);
    assert_eq!(sessions.session(ids.user(1), Consistency::Eventual).await.unwrap(), None);
    assert_eq!(sessions.sessions(&[ids.user(1)]).await.unwrap(), []);
}

/// The read may give an older row, but no writer is active here.
pub async fn a_glance_gives_a_row_whole(sessions: &impl Sessions, ids: Ids) {
    open(sessions, ids.user(1), &ids.connection(1, 1)).await;
    let opened = sorted(open(sessions, ids.user(1), &ids.connection(1, 2)).await);
    let glanced =
        sessions.session(ids.user(1), Consistency::Eventual).await.unwrap().expect("there is a row");
    assert_eq!(sorted(glanced), opened);
}

pub async fn closing_a_connection_keeps_the_others(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    for n in 1..=4 {
        open(sessions, user, &ids.connection(1, n)).await;
    }
    close(sessions, user, &[ids.connection(1, 2)]).await;
    close(sessions, user, &[ids.connection(1, 4), ids.connection(1, 2), ids.connection(1, 9)]).await;
    let expected = [ids.connection(1, 1), ids.connection(1, 3)];
    assert_eq!(row(sessions, user).await.connections, expected);
}

/// A late `$disconnect` must not make a row, or make one again.
pub async fn closing_an_unknown_connection_is_ignored(sessions: &impl Sessions, ids: Ids) {
    let unknown = [ids.connection(1, 1)];
    close(sessions, ids.user(1), &unknown).await;
    let rows = sessions.sessions(&[ids.user(1)]).await.unwrap();
    assert!(rows.iter().all(|row| row.connections.is_empty()));
    let before = open(sessions, ids.user(2), &ids.connection(2, 2)).await;
    close(sessions, ids.user(2), &unknown).await;
    assert_eq!(row(sessions, ids.user(2)).await, before);
}

/// Closing the last connection is no logout: the device may be in a tunnel.
pub async fn closing_the_last_connection_keeps_the_lease(sessions: &impl Sessions, ids: Ids) {
    let (user, connection) = (ids.user(1), ids.connection(1, 1));
    let before = open(sessions, user, &connection).await;
    close(sessions, user, &[connection]).await;
    assert_eq!(row(sessions, user).await, Session { connections: Vec::new(), ..before });
}

/// More users than a store reads in one call, and some of them twice.
pub async fn rows_of_any_number_of_users_are_read_and_missing_ones_left_out(
    sessions: &impl Sessions,
    ids: Ids,
) {
    const USERS: u32 = 230;
    let with_a_row = |n: &u32| n % 10 != 3;
    for n in (0..USERS).filter(with_a_row) {
        open(sessions, ids.user(n), &ids.connection(n, 1)).await;
    }
    let users: Vec<UserId> = (0..USERS).chain(0..7).map(|n| ids.user(n)).collect();
    let mut rows = sessions.sessions(&users).await.unwrap();
    rows.sort_by_key(|row| row.user);
    let expected = (0..USERS).filter(with_a_row).map(|n| (ids.user(n), vec![ids.connection(n, 1)]));
    assert!(rows.into_iter().map(|row| (row.user, row.connections)).eq(expected));
    assert_eq!(sessions.sessions(&[]).await.unwrap(), []);
}
