//! Costs of presence on DynamoDB, counted in the transport; see [`crate::costs`].

use crate::bench::{Bench, User};
use crate::costs::{Budget, check};
use crate::queue_bench::redeliver;

#[tokio::test]
async fn a_heartbeat_costs_one_write() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    bench.meter.reset();
    let answer = bench.heartbeat(&ada).await;
    assert_eq!(answer["type"], "heartbeat");
    check("a heartbeat", &bench, &Budget { write_units: 1.0, read_units: 0.0, round_trips: 1 });
}

/// Both for a heartbeat that reports idleness, and for one that ends it.
#[tokio::test]
async fn an_idle_heartbeat_costs_one_write_and_a_send_that_ends_it_one_more() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.send(&ada, &bob, "m1", "opens").await;
    for _ in 0..2 {
        bench.meter.reset();
        bench.is_idle(&ada).await;
        check("an idle heartbeat", &bench, &Budget { write_units: 1.0, read_units: 0.0, round_trips: 1 });
    }
    bench.meter.reset();
    bench.send(&ada, &bob, "m2", "I am back.").await;
    check("a send", &bench, &Budget { write_units: 3.0, read_units: 4.5, round_trips: 4 });
    bench.meter.reset();
    bench.send(&ada, &bob, "m3", "And here.").await;
    check("a send", &bench, &Budget { write_units: 2.0, read_units: 4.5, round_trips: 3 });
    bench.meter.reset();
    bench.connect(1, "d1=").await;
    check("a connect", &bench, &Budget { write_units: 1.0, read_units: 1.0, round_trips: 2 });
}

#[tokio::test]
async fn a_connect_costs_at_most_two_writes() {
    let bench = Bench::new().await;
    bench.sign_in(7).await;
    bench.meter.reset();
    bench.connect(7, "c7=").await;
    check("a connect", &bench, &Budget { write_units: 1.0, read_units: 1.0, round_trips: 2 });
    for n in 0..5 {
        bench.connect(7, &format!("d{n}=")).await;
    }
    bench.meter.reset();
    bench.connect(7, "e7=").await;
    check("a connect that displaces", &bench, &Budget { write_units: 2.0, read_units: 1.0, round_trips: 3 });
}

/// A frame of a connection that lost its registration: the login and the row, once, and a transaction.
#[tokio::test]
async fn a_frame_that_registers_its_connection_again_costs_once() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.send(&ada, &bob, "m1", "opens").await;
    bench.disconnect(1, "c1=").await;
    bench.meter.reset();
    bench.send(&ada, &bob, "m2", "registered again").await;
    check("a send", &bench, &Budget { write_units: 6.0, read_units: 6.5, round_trips: 5 });
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    bench.send(&ada, &bob, "m3", "registered").await;
    check("a send", &bench, &Budget { write_units: 2.0, read_units: 4.5, round_trips: 3 });
}

#[tokio::test]
async fn a_check_of_a_renewed_lease_costs_one_read() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    bench.run_presence().await;
    let lease_check = bench.next_lease_check(&ada).await;
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    assert!(!redeliver(&lease_check, |event| bench.presence.handle(event)).await);
    check("a lease check", &bench, &Budget { write_units: 0.0, read_units: 1.0, round_trips: 1 });
}

#[tokio::test]
async fn a_frame_soon_after_a_renewal_renews_nothing() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let conversation = bench.send(&ada, &bob, "m1", "opens").await;
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    let frame = serde_json::json!({"action": "typing", "conversation": conversation});
    assert_eq!(bench.ask(&ada, "typing", &frame).await, None);
    check("typing", &bench, &Budget { write_units: 0.0, read_units: 3.5, round_trips: 3 });
}

/// The send counts as a heartbeat, which the client need not send then.
#[tokio::test]
async fn a_send_long_after_the_last_renewal_costs_one_write_more() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.send(&ada, &bob, "m1", "opens").await;
    bench.was_silent_for_long(&ada).await;
    bench.meter.reset();
    bench.send(&ada, &bob, "m2", "I was away.").await;
    check("a send", &bench, &Budget { write_units: 3.0, read_units: 4.5, round_trips: 4 });
    bench.is_renewed(&ada).await;
    bench.meter.reset();
    bench.send(&ada, &bob, "m3", "I am back.").await;
    check("a send", &bench, &Budget { write_units: 2.0, read_units: 4.5, round_trips: 3 });
}

/// Number of friends, and of those who are connected.
const FRIENDS: [u128; 2] = [200, 20];

async fn with_friends(bench: &Bench) -> User {
    let ada = User::new(bench, 1).await;
    let [all, connected] = FRIENDS;
    for n in 2..2 + all {
        let friend = User::new(bench, n).await;
        bench.befriend(&ada, &friend).await;
        if n >= 2 + connected {
            bench.was_silent_for_long(&friend).await;
            bench.disconnect(n, &format!("c{n}=")).await;
        }
    }
    ada
}

#[tokio::test]
async fn coming_online_with_200_friends_costs_a_read_for_each_and_a_post_per_connected_one() {
    let bench = Bench::new().await;
    let ada = with_friends(&bench).await;
    bench.meter.reset();
    bench.forget_posts();
    let begins = bench.run_presence().await;
    assert!(begins > 1, "a begin for each user who came online");
    // Once more for Ada alone: the states of all others are settled.
    let lease_check = bench.next_lease_check(&ada).await;
    bench.was_silent_for_long(&ada).await;
    assert!(!redeliver(&lease_check, |event| bench.presence.handle(event)).await);
    bench.heartbeat(&ada).await;
    bench.meter.reset();
    bench.forget_posts();
    assert_eq!(bench.run_presence().await, 1);
    let usage = bench.meter.snapshot();
    assert!(usage.read_units <= 220.0, "{usage:?}");
    assert!(usage.write_units <= 2.0, "shown online, and not alone: {usage:?}");
    assert_eq!(bench.posts(), 20);
}

#[tokio::test]
async fn going_offline_costs_no_more() {
    let bench = Bench::new().await;
    let ada = with_friends(&bench).await;
    bench.run_presence().await;
    let lease_check = bench.next_lease_check(&ada).await;
    bench.was_silent_for_long(&ada).await;
    bench.meter.reset();
    bench.forget_posts();
    assert!(!redeliver(&lease_check, |event| bench.presence.handle(event)).await);
    let usage = bench.meter.snapshot();
    assert!(usage.read_units <= 220.0 && usage.write_units <= 1.0, "{usage:?}");
    assert_eq!(bench.posts(), 20);
}
