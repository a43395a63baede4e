//! Costs of pushes on DynamoDB.

use serde_json::json;

use crate::bench::{Bench, User};
use crate::costs::{Budget, check};

/// Write and read units of the last operation.
fn units(bench: &Bench) -> (f64, f64) {
    let usage = bench.meter.snapshot();
    (usage.write_units, usage.read_units)
}

#[tokio::test]
async fn an_alert_costs_one_write_and_two_and_a_half_reads() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    for n in 1..=70 {
        bench.send(&ada, &bob, &format!("m{n}"), "Shall we meet at eight?").await;
        bench.meter.reset();
        assert_eq!(bench.run_push().await, 1);
        assert_eq!(bench.pushes.published().len(), n);
        if n > 1 {
            // Written: the row. Read: the devices, the row, all rows and the sender's name.
            assert_eq!(units(&bench), (1.0, 2.5), "{n}: {:?}", bench.meter.snapshot());
        }
        let budget = Budget { write_units: 1.0, read_units: 3.0, round_trips: if n == 1 { 7 } else { 5 } };
        check("an alert", &bench, &budget);
    }
}

#[tokio::test]
async fn the_first_alert_counts_all_other_conversations_once() {
    let bench = Bench::new().await;
    let bob = User::new(&bench, 1).await;
    let mut others = Vec::new();
    for n in 2..=11 {
        let other = User::new(&bench, n).await;
        bench.send(&other, &bob, "m1", "You are here, so this is no push.").await;
        others.push(other);
    }
    assert_eq!(bench.run_push().await, 0);
    bench.registers(&bob, "token").await;
    bench.disconnect(1, "c1=").await;

    bench.send(&others[0], &bob, "m2", "You are away.").await;
    bench.meter.reset();
    assert_eq!(bench.run_push().await, 1);
    assert_eq!(bench.pushes.published().pop().expect("a push")["badge"], "11");
    // A tail, a page and a write for each of nine conversations; a page for the one.
    let budget = Budget { write_units: 10.0, read_units: 2.0 + 9.0 * 2.0 + 2.0, round_trips: 7 };
    check("the first alert", &bench, &budget);

    // The first alert of a conversation reads another page of rows to find out whether all are counted.
    for (round, read_units, round_trips) in [(0, 4.0, 6), (1, 3.0, 5)] {
        for (n, other) in others.iter().enumerate() {
            bench.send(other, &bob, &format!("m{}", 3 + round), "You are still away.").await;
            bench.meter.reset();
            assert_eq!(bench.run_push().await, 1);
            let badge = 12 + n + round * others.len();
            assert_eq!(bench.pushes.published().pop().expect("a push")["badge"], badge.to_string());
            let budget = Budget { write_units: 1.0, read_units, round_trips };
            check("a later alert", &bench, &budget);
        }
    }
}

#[tokio::test]
async fn a_connected_recipient_costs_no_push_and_one_without_a_phone_costs_one_read() {
    let bench = Bench::new().await;
    let [ada, bob, carol] =
        [User::new(&bench, 1).await, User::new(&bench, 2).await, User::new(&bench, 3).await];
    bench.registers(&bob, "token").await;
    bench.send(&ada, &bob, "m1", "You are here.").await;
    assert_eq!(bench.run_push().await, 0);
    bench.disconnect(3, "c3=").await;
    bench.send(&ada, &carol, "m1", "You have no phone.").await;
    bench.meter.reset();
    assert_eq!(bench.run_push().await, 1);
    assert_eq!(units(&bench), (0.0, 1.0));
    assert!(bench.pushes.published().is_empty());
}

#[tokio::test]
async fn a_message_to_absent_members_of_a_group_is_one_record_and_a_write_and_some_reads_for_each() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    let mut others = Vec::new();
    for n in 2..=21 {
        others.push(bench.absent(n).await);
    }
    let group = bench.group(&ada, &others.iter().collect::<Vec<_>>()).await;
    bench.run_fan_out().await;
    assert_eq!(bench.run_push().await, 0, "no alert of a change of a group");
    for n in 1..=3 {
        bench.send_to_group(&ada, &group, &format!("m{n}")).await;
        assert_eq!(bench.run_fan_out().await, 1);
        bench.meter.reset();
        assert_eq!(bench.run_push().await, 1, "one record for all of them");
        assert_eq!(bench.pushes.published().len(), 20 * n);
        // The first time, each member's unread messages are counted in the log, since the group began with an entry
        // that is no message.
        let reads = if n == 1 { 20.0 * 3.0 + 0.5 } else { 20.0 * 2.0 + 0.5 };
        assert_eq!(units(&bench), (20.0, reads), "{n}: {:?}", bench.meter.snapshot());
    }
}

/// The read may also queue a message, where an alert is to be cleared.
#[tokio::test]
async fn marking_read_costs_the_same_whether_there_was_an_alert_or_not() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.registers(&bob, "token").await;
    let conversation = bench.send(&ada, &bob, "m1", "You are here.").await;
    bench.send(&ada, &bob, "m2", "You are here.").await;
    let mut costs = Vec::new();
    for seq in [1, 3] {
        if seq == 3 {
            bench.disconnect(2, "c2=").await;
            bench.send(&ada, &bob, "m3", "You are away.").await;
            assert_eq!(bench.run_push().await, 1);
            bench.connect(2, "c2=").await;
        }
        bench.is_renewed(&bob).await;
        bench.meter.reset();
        let read = json!({"action": "read", "id": "r", "conversation": conversation, "seq": seq});
        assert!(bench.ask(&bob, "read", &read).await.is_some());
        costs.push((units(&bench), bench.meter.snapshot().round_trips));
        assert_eq!(bench.run_push().await, usize::from(seq == 3));
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[0].0.0, 1.0, "{costs:?}");
}
