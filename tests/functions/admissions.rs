//! The cost of refusing to add a user to a group.

use confab_app::groups::admission::admit;
use confab_domain::{MembershipLimits, Timestamp};

use crate::bench::{Bench, User};
use crate::costs::{Budget, check};

const LIMITS: MembershipLimits = MembershipLimits { groups: 3, unanswered: 3 };

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ms(1_000_000 + 1000 * seconds)
}

/// Whether one user may add the other to a group.
async fn is_admitted(bench: &Bench, actor: &User, user: &User, seconds: u64) -> bool {
    admit(&bench.store, LIMITS, actor.id, None, &[user.id], at(seconds)).await.is_ok()
}

#[tokio::test]
async fn adding_a_user_who_is_in_too_many_groups_is_refused_for_one_read_of_the_count() {
    let bench = Bench::new().await;
    let [ada, stranger] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let mut groups = Vec::new();
    for n in 100..103 {
        let other = User::new(&bench, n).await;
        groups.push(bench.group(&other, &[&ada]).await);
    }
    for _ in 0..8 {
        bench.meter.reset();
        assert!(!is_admitted(&bench, &stranger, &ada, 0).await);
        check("a count by rows", &bench, &Budget { write_units: 1.0, read_units: 8.0, round_trips: 6 });
        assert!(bench.meter.snapshot().write_units > 0.0);
    }
    for seconds in 0..60 {
        bench.meter.reset();
        assert!(!is_admitted(&bench, &stranger, &ada, seconds).await);
        // The block, the account, and the count.
        check("a refusal", &bench, &Budget { write_units: 0.0, read_units: 3.0, round_trips: 3 });
    }
    bench.leaves(&ada, &groups[0]).await;
    assert!(is_admitted(&bench, &ada, &ada, 59).await, "their own rows are counted at any time");
    assert!(!is_admitted(&bench, &stranger, &ada, 59).await);
    assert!(is_admitted(&bench, &stranger, &ada, 60).await);
}

/// Rows as versions left them that knew one key only.
#[tokio::test]
async fn somebody_with_thousands_of_ended_rows_in_place_can_join() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    let other = User::new(&bench, 2).await;
    let group = bench.group(&other, &[&ada]).await;
    bench.leaves(&ada, &group).await;
    let row = bench.row_stays_in_place(&ada, &group).await;
    bench.has_copies_of(&row, 16_500).await;
    bench.is_uncounted(&ada).await;
    assert!(is_admitted(&bench, &other, &ada, 0).await);
}
