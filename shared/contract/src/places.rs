//! Places of a device in a session row, and their displacement.

use confab_app::ports::{
    Connection, ConnectionChange, ConnectionKey, Consistency, Devices, DisplacedConnection, OpenOutcome,
    ReopenOutcome, Sessions,
};
use confab_domain::budget::Charges;
use confab_domain::sockets::{REGISTERED_PER_DEVICE_MAX, SOCKETS_PER_DEVICE_MAX};
use confab_domain::{ConnectionId, UserId};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, later};
use crate::sessions::{close, open, open_at, row};

/// Connection `n` of user 1 on device 1, in the login of that device.
fn socket(ids: Ids, n: usize) -> Connection {
    Connection {
        id: ConnectionId::new(format!("s{n:04}{}", ids.connection(1, 1).id)),
        ..ids.connection(1, 1)
    }
}

async fn is_full(sessions: &impl Sessions, user: UserId, connection: &Connection) -> bool {
    match sessions.open_connection(user, connection, NOW).await.unwrap() {
        OpenOutcome::Opened(_) => false,
        OpenOutcome::Full(session) => {
            assert!(!session.has_registered(connection));
            assert_eq!(session.connections.len(), row(sessions, user).await.connections.len());
            true
        }
    }
}

pub async fn a_device_has_a_bounded_number_of_connections_however_many_open_concurrently(
    sessions: &impl Sessions,
    ids: Ids,
) {
    let user = ids.user(1);
    open(sessions, user, &ids.connection(1, 2)).await;
    let sockets: Vec<Connection> = (0..3 * REGISTERED_PER_DEVICE_MAX).map(|n| socket(ids, n)).collect();
    join_all(sockets.iter().map(|socket| is_full(sessions, user, socket))).await;
    let session = row(sessions, user).await;
    assert_eq!(session.connections.len(), REGISTERED_PER_DEVICE_MAX + 1);
    // Other devices' connections take no place, nor does a registered connection again; a closed one frees its place.
    open(sessions, user, &ids.connection(1, 3)).await;
    let registered = session.connections.iter().find(|open| open.device == ids.device_id(1)).unwrap();
    assert!(!is_full(sessions, user, registered).await);
    assert!(is_full(sessions, user, &socket(ids, 999)).await);
    close(sessions, user, [registered]).await;
    assert!(!is_full(sessions, user, &socket(ids, 999)).await);
}

pub async fn a_device_whose_connections_have_all_closed_begins_anew(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    for round in 0..3 {
        let sockets: Vec<Connection> =
            (0..REGISTERED_PER_DEVICE_MAX).map(|n| socket(ids, 100 * round + n)).collect();
        for socket in &sockets {
            open(sessions, user, socket).await;
        }
        close(sessions, user, &sockets).await;
        assert_eq!(row(sessions, user).await.connections, []);
    }
}

/// More connections than one write can change.
pub async fn any_number_of_connections_changes_in_one_call(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    open(sessions, user, &ids.connection(1, 2)).await;
    let keys = |from: usize| (from..from + 130).map(|n| ConnectionKey::from(&socket(ids, n))).collect();
    let change = ConnectionChange { closed: keys(0), displaced: keys(200), forgotten: keys(400) };
    sessions.change_connections(user, &change, later(3)).await.unwrap();
    let session = row(sessions, user).await;
    assert_eq!((session.connections.len(), session.displaced.len()), (1, 130));
    let change = ConnectionChange { forgotten: keys(200), ..ConnectionChange::default() };
    sessions.change_connections(user, &change, later(4)).await.unwrap();
    assert_eq!(row(sessions, user).await.displaced, []);
}

pub async fn a_displaced_connection_is_remembered_and_no_longer_registered(
    sessions: &impl Sessions,
    ids: Ids,
) {
    let (user, first, second) = (ids.user(1), socket(ids, 1), socket(ids, 2));
    open(sessions, user, &first).await;
    open(sessions, user, &second).await;
    let change = ConnectionChange { displaced: vec![(&first).into()], ..ConnectionChange::default() };
    sessions.change_connections(user, &change, later(3)).await.unwrap();
    let session = row(sessions, user).await;
    assert_eq!(session.connections, [second]);
    let expected = DisplacedConnection { id: first.id.clone(), device: first.device, displaced_at: later(3) };
    assert_eq!(session.displaced, [expected]);
    assert_eq!(sessions.renew(user, &first, &Charges::default(), later(4)).await.unwrap(), None);
    // A missing row is not made.
    sessions.change_connections(ids.user(2), &change, later(3)).await.unwrap();
    assert_eq!(sessions.session(ids.user(2), Consistency::Strong).await.unwrap(), None);
}

pub async fn a_connection_is_registered_again_while_its_login_lives(
    store: &(impl Sessions + Devices),
    ids: Ids,
) {
    let (user, lost) = (ids.user(1), socket(ids, 1));
    let reopen = async |connection: &Connection| store.reopen_connection(user, connection, later(5)).await;
    assert_eq!(reopen(&lost).await.unwrap(), ReopenOutcome::Ended);
    assert_eq!(store.session(user, Consistency::Strong).await.unwrap(), None);
    store.put_device(&ids.device(1, 1)).await.unwrap();
    open_at(store, user, &ids.connection(1, 2), NOW).await;
    assert_eq!(reopen(&lost).await.unwrap(), ReopenOutcome::Reopened);
    assert_eq!(reopen(&lost).await.unwrap(), ReopenOutcome::Reopened);
    let session = row(store, user).await;
    assert!(session.has_registered(&lost) && session.connections.len() == 2);
    assert_eq!(session.presence.lease.renewed_at, later(5));
    let of_another_login = Connection { family: Some(ids.family(9)), ..socket(ids, 2) };
    let of_none = Connection { family: None, ..socket(ids, 2) };
    for other in [of_another_login, of_none] {
        assert_eq!(reopen(&other).await.unwrap(), ReopenOutcome::Ended);
        assert!(!row(store, user).await.has_registered(&other));
    }
    assert!(store.remove_device(user, ids.device_id(1), None).await.unwrap());
    assert_eq!(reopen(&lost).await.unwrap(), ReopenOutcome::Ended);
}

pub async fn a_connection_is_registered_again_only_in_a_free_place_and_unless_displaced(
    store: &(impl Sessions + Devices),
    ids: Ids,
) {
    let (user, lost) = (ids.user(1), socket(ids, 1));
    let reopen = async || store.reopen_connection(user, &lost, later(5)).await.unwrap();
    store.put_device(&ids.device(1, 1)).await.unwrap();
    for n in 0..SOCKETS_PER_DEVICE_MAX {
        open(store, user, &socket(ids, 100 + n)).await;
    }
    let before = row(store, user).await;
    assert_eq!(reopen().await, ReopenOutcome::NoPlace);
    assert_eq!(row(store, user).await, before);
    close(store, user, [&socket(ids, 100)]).await;
    assert_eq!(reopen().await, ReopenOutcome::Reopened);
    let change = ConnectionChange { displaced: vec![(&lost).into()], ..ConnectionChange::default() };
    store.change_connections(user, &change, later(6)).await.unwrap();
    assert_eq!(reopen().await, ReopenOutcome::NoPlace);
    let change = ConnectionChange { forgotten: vec![(&lost).into()], ..ConnectionChange::default() };
    store.change_connections(user, &change, later(7)).await.unwrap();
    assert_eq!(reopen().await, ReopenOutcome::Reopened);
}

pub async fn of_racing_reopenings_no_more_succeed_than_there_are_places(
    store: &(impl Sessions + Devices),
    ids: Ids,
) {
    let user = ids.user(1);
    store.put_device(&ids.device(1, 1)).await.unwrap();
    open(store, user, &ids.connection(1, 2)).await;
    let sockets: Vec<Connection> = (0..8).map(|n| socket(ids, n)).collect();
    join_all(sockets.iter().map(|socket| store.reopen_connection(user, socket, NOW))).await;
    let own = row(store, user).await.connections.into_iter().filter(|open| open.device == ids.device_id(1));
    assert!(own.count() <= SOCKETS_PER_DEVICE_MAX);
}
