//! Budgets in session rows.

use std::time::Duration;

use confab_app::ports::{Consistency, Session, Sessions};
use confab_domain::Timestamp;
use confab_domain::budget::{Budgets, Charge, Charges};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, later};
use crate::sessions::{close, open_at};

/// A charge to the budget of writes. Unit: milliseconds.
fn writes(cost_ms: u64, was_in_use: bool) -> Charges {
    let believed_until = NOW.plus(Duration::from_secs(600));
    let (cost, at_most) = (Duration::from_millis(cost_ms), NOW.plus(Duration::from_secs(500)));
    let charge = Charge { cost, believed_until, at_most, was_in_use };
    Charges { writes: Some(charge), ..Charges::default() }
}

fn after(ms: u64) -> Timestamp {
    NOW.plus(Duration::from_millis(ms))
}

pub async fn charges_add_up_whatever_the_hint(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let charged = sessions.charge(user, &writes(100, true), NOW).await.unwrap();
    assert_eq!(charged, Budgets { writes: Some(after(100)), ..Budgets::default() });
    let charged = sessions.charge(user, &writes(50, false), NOW).await.unwrap();
    assert_eq!(charged.writes, Some(after(150)));
    let charged = sessions.charge(user, &writes(7, true), NOW).await.unwrap();
    assert_eq!(charged.writes, Some(after(157)));
    let charged = sessions.charge(user, &writes(5, true), after(157)).await.unwrap();
    assert_eq!(charged.writes, Some(after(162)), "the bucket was full again");
}

pub async fn budgets_are_charged_side_by_side(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    sessions.charge(user, &writes(100, false), NOW).await.unwrap();
    let charge = writes(30, false).writes;
    let all = Charges { writes: charge, answers: charge, frames: charge, tickets: charge };
    let charged = sessions.charge(user, &all, NOW).await.unwrap();
    let thirty = Some(after(30));
    let expected = Budgets { writes: Some(after(130)), answers: thirty, frames: thirty, tickets: thirty };
    assert_eq!(charged, expected);
}

pub async fn of_racing_charges_none_is_lost(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let (one, other) = (writes(100, false), writes(100, true));
    join_all([&one, &other].map(|charges| sessions.charge(user, charges, NOW))).await;
    let charged = sessions.charge(user, &writes(1, true), NOW).await.unwrap();
    assert_eq!(charged.writes, Some(after(201)));
}

pub async fn a_charge_makes_no_session_and_a_connection_keeps_it(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let charged = sessions.charge(user, &writes(100, false), NOW).await.unwrap();
    assert_eq!(sessions.session(user, Consistency::Strong).await.unwrap(), None);
    assert_eq!(sessions.session(user, Consistency::Eventual).await.unwrap(), None);
    assert_eq!(sessions.sessions(&[user]).await.unwrap(), []);
    close(sessions, user, &[ids.connection(1, 1)]).await;
    let opened = open_at(sessions, user, &ids.connection(1, 1), NOW).await;
    assert_eq!(opened.budgets, charged);
    assert_eq!(sessions.session(user, Consistency::Strong).await.unwrap(), Some(opened));
}

pub async fn a_charge_does_not_renew_the_lease(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let before = open_at(sessions, user, &ids.connection(1, 1), NOW).await;
    let budgets = sessions.charge(user, &writes(100, false), later(9)).await.unwrap();
    assert_eq!(
        sessions.session(user, Consistency::Strong).await.unwrap(),
        Some(Session { budgets, ..before })
    );
}

pub async fn a_renewal_adds_charges_and_gives_the_total(sessions: &impl Sessions, ids: Ids) {
    let (user, connection) = (ids.user(1), ids.connection(1, 1));
    open_at(sessions, user, &connection, NOW).await;
    sessions.charge(user, &writes(100, false), NOW).await.unwrap();
    for (was_in_use, expected_ms) in [(false, 130), (true, 160)] {
        let charges = writes(30, was_in_use);
        let renewed = sessions.renew(user, &connection, &charges, NOW).await.unwrap().unwrap();
        assert_eq!(renewed.budgets.writes, Some(after(expected_ms)));
        assert_eq!(sessions.session(user, Consistency::Strong).await.unwrap(), Some(renewed));
    }
}

pub async fn a_renewal_by_an_unknown_connection_adds_nothing(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let before = open_at(sessions, user, &ids.connection(1, 1), NOW).await;
    let unknown = ids.connection(1, 2);
    for was_in_use in [false, true] {
        let renewed = sessions.renew(user, &unknown, &writes(30, was_in_use), NOW).await.unwrap();
        assert_eq!(renewed, None);
    }
    assert_eq!(sessions.session(user, Consistency::Strong).await.unwrap(), Some(before));
}

pub async fn a_charge_beyond_the_longest_debt_is_cut(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    for (cost_ms, was_in_use, expected_ms) in
        [(400_000, false, 400_000), (99_000, false, 499_000), (2_000, true, 500_000), (1, false, 500_000)]
    {
        let charged = sessions.charge(user, &writes(cost_ms, was_in_use), NOW).await.unwrap();
        assert_eq!(charged.writes, Some(after(expected_ms)));
    }
    let by_a_clock_behind =
        writes(30, true).writes.map(|charge| Charge { at_most: after(450_000), ..charge });
    let charges = Charges { writes: by_a_clock_behind, ..Charges::default() };
    assert_eq!(sessions.charge(user, &charges, NOW).await.unwrap().writes, Some(after(450_000)));
}

pub async fn a_charge_is_not_added_to_a_time_that_a_wrong_clock_wrote(sessions: &impl Sessions, ids: Ids) {
    let user = ids.user(1);
    let tomorrow = later(24 * 3_600);
    let wrong =
        writes(100, false).writes.map(|charge| Charge { at_most: tomorrow.plus(charge.cost), ..charge });
    let charges = Charges { writes: wrong, ..Charges::default() };
    assert!(sessions.charge(user, &charges, tomorrow).await.unwrap().writes > Some(tomorrow));
    for (was_in_use, expected_ms) in [(true, 30), (true, 60)] {
        let charged = sessions.charge(user, &writes(30, was_in_use), NOW).await.unwrap();
        assert_eq!(charged.writes, Some(after(expected_ms)));
    }
}
