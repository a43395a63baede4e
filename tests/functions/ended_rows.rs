//! Costs of rows of ended memberships: none, where conversations are listed.

use confab_app::ports::{Consistency, InboxPage, Inboxes};
use serde_json::{Value, json};

use crate::bench::{Bench, User};
use crate::costs::{Budget, check};

/// Most rows that one list moves.
const MOVES_MAX: usize = 64;

/// Ada with one conversation and two groups, after she has left `left` other groups.
async fn ada(bench: &Bench, left: u128) -> (User, Value, Vec<(User, String)>) {
    let [ada, bob] = [User::new(bench, 1).await, User::new(bench, 2).await];
    let dm = bench.send(&bob, &ada, "m1", "Shall we meet at eight?").await;
    let mut cursors = serde_json::Map::from_iter([(dm, 1.into())]);
    for n in [3, 4] {
        let other = User::new(bench, n).await;
        cursors.insert(bench.group(&other, &[&ada]).await, 1.into());
    }
    let mut groups = Vec::new();
    for n in 100..100 + left {
        let owner = User::new(bench, n).await;
        let group = bench.group(&owner, &[&ada]).await;
        bench.leaves(&ada, &group).await;
        groups.push((owner, group));
    }
    bench.is_renewed(&ada).await;
    (ada, Value::Object(cursors), groups)
}

/// Read units of a list, an eventually consistent list and a full sync.
async fn costs(bench: &Bench, ada: &User, cursors: &Value) -> [f64; 3] {
    let units = || bench.meter.snapshot().read_units;
    let all = |page: InboxPage| assert_eq!((page.rows.len(), page.next), (3, None));
    bench.meter.reset();
    all(bench.store.list(ada.id, None, 500, Consistency::Strong).await.expect("a store"));
    let list = units();
    assert_eq!(bench.meter.snapshot().write_units, 0.0, "there is nothing to move");
    bench.meter.reset();
    all(bench.store.list(ada.id, None, 500, Consistency::Eventual).await.expect("a store"));
    let eventual = units();
    bench.meter.reset();
    assert_eq!(bench.sync(ada, cursors.clone()).await["complete"], true);
    [list, eventual, units()]
}

#[tokio::test]
async fn lists_skims_and_full_syncs_cost_the_same_with_and_without_ended_rows() {
    let [without, with] = [Bench::new().await, Bench::new().await];
    let (ada, cursors, _) = ada(&without, 0).await;
    let expected = costs(&without, &ada, &cursors).await;
    let (ada, cursors, _) = self::ada(&with, 40).await;
    assert_eq!(costs(&with, &ada, &cursors).await, expected);
}

/// Rows as versions left them that knew one key only.
#[tokio::test]
async fn rows_that_ended_in_place_are_moved_by_the_first_lists_and_cost_nothing_then() {
    let [without, with] = [Bench::new().await, Bench::new().await];
    let (ada, cursors, _) = ada(&without, 0).await;
    let expected = costs(&without, &ada, &cursors).await;
    let (ada, cursors, groups) = self::ada(&with, 2 * MOVES_MAX as u128 + 9).await;
    for (_, group) in &groups {
        with.row_stays_in_place(&ada, group).await;
    }
    for _ in 0..3 {
        assert_eq!(with.sync(&ada, cursors.clone()).await["complete"], true);
    }
    assert_eq!(costs(&with, &ada, &cursors).await, expected);
    let left = with
        .store
        .get(ada.id, groups[0].1.parse().expect("a group"), Consistency::Strong)
        .await
        .expect("a store");
    assert_eq!(left.expect("a row").joined.past().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_reports_how_many_rows_it_could_not_move() {
    let bench = Bench::new().await;
    let (ada, _, groups) = ada(&bench, 3).await;
    for (_, group) in &groups {
        bench.row_stays_in_place(&ada, group).await;
    }
    let list = async || {
        let page = bench.store.list(ada.id, None, 500, Consistency::Strong).await.expect("a store");
        (page.rows.len(), page.unmoved)
    };
    bench.stalls.fail("TransactWriteItems");
    assert_eq!(list().await, (3, 3));
    bench.stalls.end();
    assert_eq!([list().await, list().await], [(3, 0); 2]);
}

/// The next version, its entry and the row, each written twice; then the row is read, deleted and put, each twice.
/// Before that, a read finds out where the row may be and whether its user left by themselves.
#[tokio::test]
async fn leaving_costs_ten_writes_and_joining_again_ten() {
    let bench = Bench::new().await;
    let (ada, _, groups) = ada(&bench, 1).await;
    let (owner, group) = &groups[0];
    let in_group = group.parse().expect("a group");
    assert!(bench.store.accept_adds(ada.id, in_group).await.expect("a store"));
    bench.meter.reset();
    bench.adds(owner, group, &ada).await;
    check("joining again", &bench, &Budget { write_units: 10.0, read_units: 9.0, round_trips: 9 });
    bench.meter.reset();
    bench.leaves(&ada, group).await;
    check("leaving", &bench, &Budget { write_units: 10.0, read_units: 5.0, round_trips: 5 });
    let history = json!({"action": "history", "id": "h", "conversation": group});
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    let answer = bench.ask(&ada, "history", &history).await.expect("an answer");
    assert_eq!(answer["messages"].as_array().map(Vec::len), Some(4), "{answer}");
    check("reading after that", &bench, &Budget { write_units: 0.0, read_units: 9.0, round_trips: 6 });
}
