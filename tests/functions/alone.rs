//! A user without observers, who sends heartbeats rarely.

use std::time::Duration;

use confab_app::ports::{Consistency, Sessions};
use confab_lambda::clock;

use crate::bench::{Bench, User};
use crate::queue_bench::redeliver;

#[tokio::test]
async fn a_user_who_was_alone_is_probed_once_when_a_friend_connects() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.run_presence().await;
    bench.befriend(&ada, &bob).await;
    bench.was_alone_for_long(&bob).await;
    let lease_check = bench.next_lease_check(&ada).await;
    bench.was_silent_for_long(&ada).await;
    redeliver(&lease_check, |event| bench.presence.handle(event)).await;
    let rare_heartbeats = bench.heartbeat(&bob).await["next_seconds"].as_u64();
    assert_eq!(rare_heartbeats, Some(480));
    bench.heartbeat(&ada).await;
    bench.forget_posts();
    bench.run_presence().await;
    assert_eq!(bench.posts(), 2, "the event that ada is online, and the probe");
    assert_eq!(bench.heartbeat(&bob).await["next_seconds"], 10);
}

#[tokio::test]
async fn a_second_device_that_comes_and_goes_does_not_put_the_first_offline() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    bench.run_presence().await;
    bench.was_alone_for_long(&ada).await;
    assert_eq!(bench.heartbeat(&ada).await["next_seconds"], 480);
    bench.connect(1, "laptop=").await;
    bench.disconnect(1, "laptop=").await;
    let session =
        bench.store.session(ada.id, Consistency::Strong).await.expect("a store").expect("a session");
    let covered = session.ends_at(crate::bench::POLICY).since(session.presence.lease.renewed_at);
    assert!(covered.as_secs() >= 480, "{covered:?}");
}

#[tokio::test]
async fn twenty_messages_to_a_user_who_is_alone_probe_them_once() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.run_presence().await;
    bench.was_alone_for_long(&bob).await;
    bench.was_renewed_at(&bob, clock::now().minus(Duration::from_secs(60))).await;
    bench.forget_posts();
    for n in 0..20 {
        bench.send(&ada, &bob, &format!("m{n}"), "Are you there?").await;
    }
    assert_eq!(bench.posts_to("c2="), 20 + 1, "the messages, and one probe");
}

#[tokio::test]
async fn an_expired_lease_is_found_when_the_watch_of_a_friend_is_renewed() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.befriend(&ada, &bob).await;
    bench.run_presence().await;
    // Bob's next lease check is lost.
    bench.was_silent_for_long(&bob).await;
    bench.watch_is_due_to_be_renewed(&ada).await;
    let lease_check = bench.next_lease_check(&ada).await;
    bench.forget_posts();
    assert!(!redeliver(&lease_check, |event| bench.presence.handle(event)).await);
    bench.run_presence().await;
    assert_eq!(bench.posts_to("c1="), 1, "the event that he is offline");
    let session =
        bench.store.session(bob.id, Consistency::Strong).await.expect("a store").expect("a session");
    assert!(!session.presence.friends_see_online());
}
