//! Presence in session rows.

use confab_app::ports::{Connection, Consistency, Session, Sessions};
use confab_domain::budget::Charges;
use confab_domain::lease::Lease;
use confab_domain::watch::Watch;
use confab_domain::{Attendance, Presence, UserId, WatchId};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, later};
use crate::sessions::{close, open_at};

/// Presence with every part set. One watch number has all 64 bits, the other leading zeros.
fn full_presence() -> Presence {
    Presence {
        lease: Lease {
            renewed_at: NOW,
            attended_at: Some(later(5)),
            ends_at: Some(later(3)),
            alone_since: Some(later(4)),
        },
        watch: Some(Watch { id: WatchId(u64::MAX), until: later(600) }),
        ended_by: Some(WatchId(0xabc)),
    }
}

/// User 1 with one connection, and with that presence.
async fn begun(sessions: &impl Sessions, ids: Ids, presence: Presence) -> (UserId, Session) {
    let user = ids.user(1);
    let session = open_at(sessions, user, &ids.connection(1, 1), NOW).await;
    assert!(sessions.replace_presence(user, &session.presence, &presence).await.unwrap());
    (user, Session { presence, ..session })
}

async fn row(sessions: &impl Sessions, user: UserId) -> Session {
    sessions.session(user, Consistency::Strong).await.unwrap().expect("there is a row")
}

pub async fn presence_reads_back_whole_and_connections_stay(sessions: &impl Sessions, ids: Ids) {
    let (user, mut expected) = begun(sessions, ids, full_presence()).await;
    assert_eq!(row(sessions, user).await, expected);
    for next in
        [Presence::begun(NOW), Presence { ended_by: None, ..full_presence() }, full_presence().observed()]
    {
        assert!(sessions.replace_presence(user, &expected.presence, &next).await.unwrap());
        expected.presence = next;
        assert_eq!(row(sessions, user).await, expected);
        assert_eq!(sessions.sessions(&[user]).await.unwrap(), [expected.clone()]);
    }
}

/// Whichever part has changed since.
pub async fn presence_that_was_not_read_is_not_replaced(sessions: &impl Sessions, ids: Ids) {
    let (user, expected) = begun(sessions, ids, full_presence()).await;
    let lease = |lease: Lease| Presence { lease, ..full_presence() };
    let watch = |watch: Option<Watch>| Presence { watch, ..full_presence() };
    let Presence { lease: now, watch: watched, .. } = full_presence();
    let watched = watched.unwrap();
    for never_read in [
        lease(Lease { renewed_at: later(1), ..now }),
        lease(Lease { attended_at: Some(later(1)), ..now }),
        lease(Lease { attended_at: None, ..now }),
        lease(Lease { ends_at: Some(later(1)), ..now }),
        lease(Lease { ends_at: None, ..now }),
        lease(Lease { alone_since: Some(later(1)), ..now }),
        lease(Lease { alone_since: None, ..now }),
        watch(Some(Watch { id: WatchId(1), ..watched })),
        watch(Some(Watch { until: later(1), ..watched })),
        watch(None),
        Presence { ended_by: Some(WatchId(1)), ..full_presence() },
        Presence { ended_by: None, ..full_presence() },
    ] {
        let next = Presence::begun(NOW);
        assert!(!sessions.replace_presence(user, &never_read, &next).await.unwrap(), "{never_read:?}");
        assert_eq!(row(sessions, user).await, expected);
    }
}

/// A part that was absent when it was read must still be absent.
pub async fn presence_that_had_fewer_parts_when_it_was_read_is_not_replaced(
    sessions: &impl Sessions,
    ids: Ids,
) {
    let (user, expected) = begun(sessions, ids, full_presence()).await;
    let never_read = Presence::begun(NOW);
    assert!(!sessions.replace_presence(user, &never_read, &never_read.alone(NOW)).await.unwrap());
    assert_eq!(row(sessions, user).await, expected);
}

pub async fn presence_of_an_unknown_user_is_not_replaced(sessions: &impl Sessions, ids: Ids) {
    let (seen, next) = (Presence::begun(NOW), Presence::begun(NOW).alone(NOW));
    assert!(!sessions.replace_presence(ids.user(1), &seen, &next).await.unwrap());
    assert_eq!(sessions.session(ids.user(1), Consistency::Strong).await.unwrap(), None);
}

/// A caller repeats the replacement after a lost answer; the lease may have been renewed meanwhile.
pub async fn a_repeated_replacement_counts_as_made(sessions: &impl Sessions, ids: Ids) {
    let seen = Presence { lease: Lease { ends_at: None, ..full_presence().lease }, ..full_presence() };
    let (user, Session { presence: seen, .. }) = begun(sessions, ids, seen).await;
    let next = seen.watched(WatchId(7), later(7)).ending(later(4)).observed();
    for _ in 0..2 {
        assert!(sessions.replace_presence(user, &seen, &next).await.unwrap());
    }
    let renewed =
        sessions.renew(user, &ids.connection(1, 1), &Charges::default(), later(9)).await.unwrap().unwrap();
    assert!(sessions.replace_presence(user, &seen, &next).await.unwrap());
    assert_eq!(row(sessions, user).await, renewed);
    let others = renewed.presence.watched(WatchId(8), later(8));
    assert!(sessions.replace_presence(user, &renewed.presence, &others).await.unwrap());
    assert!(!sessions.replace_presence(user, &seen, &next).await.unwrap());
    assert_eq!(row(sessions, user).await.presence, others);
}

/// A renewal removes the end of the lease, whether one was set before or not.
pub async fn a_replacement_that_a_renewal_hides_counts_as_not_made(sessions: &impl Sessions, ids: Ids) {
    let (user, Session { presence: seen, .. }) = begun(sessions, ids, Presence::begun(NOW)).await;
    let renewed =
        sessions.renew(user, &ids.connection(1, 1), &Charges::default(), later(9)).await.unwrap().unwrap();
    assert!(!sessions.replace_presence(user, &seen, &seen.ending(later(4))).await.unwrap());
    assert_eq!(row(sessions, user).await, renewed);
}

pub async fn of_racing_replacements_exactly_one_is_made(sessions: &impl Sessions, ids: Ids) {
    let (user, Session { presence: seen, .. }) = begun(sessions, ids, Presence::begun(NOW)).await;
    let next = |n: u64| seen.watched(WatchId(n), later(n));
    let made = join_all((0..6).map(|n| async move {
        let next = next(n);
        sessions.replace_presence(user, &seen, &next).await.unwrap().then_some(next)
    }));
    let made: Vec<Presence> = made.await.into_iter().flatten().collect();
    assert_eq!(made, [row(sessions, user).await.presence]);
}

/// Both change the row; neither undoes the other.
pub async fn a_replacement_and_a_connection_that_race_both_count(sessions: &impl Sessions, ids: Ids) {
    let (user, Session { presence: seen, .. }) = begun(sessions, ids, Presence::begun(NOW)).await;
    let watched = seen.watched(WatchId(7), later(7));
    let second = ids.connection(1, 2);
    let (made, opened) = futures_util::future::join(
        sessions.replace_presence(user, &seen, &watched),
        open_at(sessions, user, &second, NOW),
    )
    .await;
    assert!(made.unwrap() && opened.connections.contains(&second));
    let after = row(sessions, user).await;
    assert_eq!((after.presence, after.connections.len()), (watched, 2));
}

/// Another device may have the longer interval of a user alone. The watch, and the watch that ended before, stay.
pub async fn opening_a_connection_renews_the_lease_and_keeps_the_user_alone(
    sessions: &impl Sessions,
    ids: Ids,
) {
    let (user, before) = begun(sessions, ids, full_presence()).await;
    let opened = open_at(sessions, user, &ids.connection(1, 2), later(9)).await;
    let expected =
        Presence { lease: before.presence.lease.renewed(Attendance::Unstated, later(9)), ..before.presence };
    assert_eq!(opened.presence, expected);
    assert_eq!(row(sessions, user).await.presence, expected);
}

pub async fn a_renewal_keeps_the_user_alone(sessions: &impl Sessions, ids: Ids) {
    let (user, before) = begun(sessions, ids, full_presence()).await;
    let lease = Lease { renewed_at: later(9), ends_at: None, ..before.presence.lease };
    let expected = Session { presence: Presence { lease, ..before.presence }, ..before };
    let renewed = sessions.renew(user, &ids.connection(1, 1), &Charges::default(), later(9)).await.unwrap();
    assert_eq!(renewed, Some(expected.clone()));
    assert_eq!(row(sessions, user).await, expected);
}

/// Idle heartbeats renew the lease, and keep the time of the last activity.
pub async fn a_renewal_keeps_the_attendance_of_each_connection(sessions: &impl Sessions, ids: Ids) {
    use Attendance::{Attended, Idle, Unstated};
    let (user, _) = begun(sessions, ids, Presence::begun(NOW)).await;
    let renew_as = async |attendance, seconds| {
        let connection = Connection { attendance, ..ids.connection(1, 1) };
        let renewed = sessions.renew(user, &connection, &Charges::default(), later(seconds)).await;
        let renewed = renewed.unwrap().expect("the connection is registered");
        assert_eq!(row(sessions, user).await, renewed);
        let Lease { renewed_at, attended_at, .. } = renewed.presence.lease;
        assert_eq!(renewed_at, later(seconds));
        (attended_at, renewed.connections[0].attendance)
    };
    assert_eq!(renew_as(Unstated, 1).await, (None, Unstated));
    assert_eq!(renew_as(Idle, 2).await, (Some(later(1)), Idle));
    assert_eq!(renew_as(Unstated, 3).await, (Some(later(1)), Idle));
    assert_eq!(renew_as(Idle, 4).await, (Some(later(1)), Idle));
    let opened = open_at(sessions, user, &ids.connection(1, 2), later(5)).await;
    assert_eq!(opened.presence.lease.attended_at, Some(later(1)));
    assert!(opened.is_idle(), "a connection that states nothing does not count");
    close(sessions, user, &[ids.connection(1, 2)]).await;
    assert_eq!(renew_as(Attended, 6).await, (None, Attended));
    assert_eq!(renew_as(Idle, 7).await, (Some(later(6)), Idle));
}

pub async fn a_renewal_by_an_unknown_connection_changes_nothing(sessions: &impl Sessions, ids: Ids) {
    let unknown = ids.connection(1, 2);
    assert_eq!(sessions.renew(ids.user(1), &unknown, &Charges::default(), later(9)).await.unwrap(), None);
    assert_eq!(sessions.session(ids.user(1), Consistency::Strong).await.unwrap(), None);
    let (user, before) = begun(sessions, ids, full_presence()).await;
    assert_eq!(sessions.renew(user, &unknown, &Charges::default(), later(9)).await.unwrap(), None);
    assert_eq!(row(sessions, user).await, before);
}
