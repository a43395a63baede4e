//! Users whose lease ran out while their socket was open, and the alerts that follow.

use std::time::Duration;

use confab_app::ports::{Inboxes, MessageLog};
use confab_lambda::clock;
use serde_json::json;

use crate::bench::{Bench, User};
use crate::push_bench::silence;
use crate::queue_bench::redeliver;

impl Bench {
    /// Lets a connected user's lease run out and runs the next lease check.
    pub(crate) async fn lets_lease_end(&self, user: &User) {
        self.run_presence().await;
        let lease_check = self.next_lease_check(user).await;
        self.was_silent_for_long(user).await;
        assert!(!redeliver(&lease_check, |event| self.presence.handle(event)).await);
    }

    fn alerted(&self) -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        let published = self.pushes.published();
        published.iter().map(|push| (text(&push["conversation"]), text(&push["seq"]))).collect()
    }
}

/// Ada, and Bob, who is connected and whose phone is registered.
async fn connected(bench: &Bench) -> (User, User) {
    let (ada, bob) = (User::new(bench, 1).await, User::new(bench, 2).await);
    bench.registers(&bob, "token").await;
    (ada, bob)
}

async fn ten_write_to(bench: &Bench, to: &User) {
    for n in 2..=11 {
        let other = User::new(bench, n).await;
        bench.send(&other, to, "m1", "hello").await;
    }
}

#[tokio::test]
async fn messages_that_the_gateway_took_for_a_dead_socket_are_alerted() {
    let bench = Bench::new().await;
    let (ada, bob) = connected(&bench).await;
    let dm = bench.send(&ada, &bob, "m1", "I have read this").await;
    let read = json!({"action": "read", "id": "r", "conversation": dm, "seq": 1});
    assert!(bench.ask(&bob, "read", &read).await.is_some());
    bench.send(&ada, &bob, "m2", "and this when I wrote").await;
    bench.send(&bob, &ada, "m3", "and this is mine").await;
    bench.send(&ada, &bob, "m4", "nor this").await;
    let group = bench.group(&ada, &[&bob]).await;
    bench.send_to_group(&ada, &group, "m1").await;
    bench.run_fan_out().await;
    assert_eq!(bench.run_push().await, 0, "he is connected");
    bench.lets_lease_end(&bob).await;
    assert_eq!(bench.run_push().await, 1);
    let mut alerted = bench.alerted();
    alerted.sort();
    // The message before his own counts as read.
    let expected = [(&dm, "4"), (&group, "2")];
    assert_eq!(alerted, expected.map(|(conversation, seq)| (conversation.clone(), seq.to_owned())));
    assert!(bench.pushes.published().iter().any(|push| push["badge"] == "2"));
}

#[tokio::test]
async fn an_expired_lease_that_is_reported_twice_gives_no_second_alert() {
    let bench = Bench::new().await;
    let (ada, bob) = connected(&bench).await;
    bench.send(&ada, &bob, "m1", "hello").await;
    bench.lets_lease_end(&bob).await;
    assert_eq!(bench.run_push().await, 1);
    assert!(!bench.redeliver_push(&silence(&bob, 1)).await);
    assert_eq!(bench.alerted().len(), 1);
}

#[tokio::test]
async fn a_user_whose_lease_is_renewed_again_gets_no_alert() {
    let bench = Bench::new().await;
    let (ada, bob) = connected(&bench).await;
    bench.send(&ada, &bob, "m1", "hello").await;
    bench.lets_lease_end(&bob).await;
    bench.is_renewed(&bob).await;
    assert_eq!(bench.run_push().await, 1);
    assert!(bench.alerted().is_empty());
}

#[tokio::test]
async fn a_message_more_than_two_seconds_before_the_last_renewal_gives_no_alert() {
    let bench = Bench::new().await;
    let (ada, bob) = connected(&bench).await;
    let dm = bench.send(&ada, &bob, "m1", "hello").await.parse().expect("an id");
    let sent_at = bench.store.tail(dm, 1).await.expect("a store").newest[0].sent_at;
    for (later_ms, alerts) in [(2_001, 0), (2_000, 1)] {
        let renewed_at = sent_at.plus(Duration::from_millis(later_ms));
        bench.was_renewed_at(&bob, renewed_at).await;
        assert!(!bench.redeliver_push(&silence(&bob, renewed_at.as_ms())).await);
        assert_eq!(bench.alerted().len(), alerts, "{later_ms}");
    }
}

#[tokio::test]
async fn many_messages_are_alerted_to_in_their_order_by_several_records() {
    let bench = Bench::new().await;
    let (ada, bob) = connected(&bench).await;
    for n in 1..=40 {
        bench.send(&ada, &bob, &format!("m{n}"), "are you there?").await;
    }
    bench.lets_lease_end(&bob).await;
    assert_eq!(bench.run_push().await, 2);
    let alerted = bench.alerted().into_iter().map(|(_, seq)| seq.parse().expect("a position"));
    assert_eq!(alerted.collect::<Vec<u64>>(), (1..=40).collect::<Vec<u64>>());
}

#[tokio::test]
async fn the_alerts_of_many_conversations_count_them_once() {
    let bench = Bench::new().await;
    let bob = User::new(&bench, 1).await;
    bench.registers(&bob, "token").await;
    ten_write_to(&bench, &bob).await;
    bench.lets_lease_end(&bob).await;
    bench.meter.reset();
    assert_eq!(bench.run_push().await, 1);
    assert_eq!(bench.alerted().len(), 10);
    let badges = bench.pushes.published();
    assert!(badges.iter().any(|push| push["badge"] == "10"), "{badges:?}");
    let usage = bench.meter.snapshot();
    assert!(usage.write_units <= 19.0 && usage.read_units <= 60.0, "{usage:?}");
}

#[tokio::test]
async fn a_user_who_closed_the_socket_gets_no_alert_for_an_expired_lease() {
    let bench = Bench::new().await;
    let (ada, bob) = connected(&bench).await;
    bench.send(&ada, &bob, "m1", "hello").await;
    bench.run_presence().await;
    let lease_check = bench.next_lease_check(&bob).await;
    bench.was_silent_for_long(&bob).await;
    bench.disconnect(2, "c2=").await;
    assert!(!redeliver(&lease_check, |event| bench.presence.handle(event)).await);
    assert_eq!(bench.run_push().await, 0);
}

#[tokio::test]
async fn muted_conversations_give_no_alert_after_an_expired_lease() {
    let bench = Bench::new().await;
    let (ada, bob) = connected(&bench).await;
    let dm = bench.send(&ada, &bob, "m1", "hello").await;
    let until = clock::now().plus(Duration::from_secs(60));
    assert!(bench.store.mute(bob.id, dm.parse().expect("an id"), Some(until)).await.expect("a store"));
    bench.lets_lease_end(&bob).await;
    assert_eq!(bench.run_push().await, 1);
    assert!(bench.alerted().is_empty());
}

#[tokio::test]
async fn an_expired_lease_costs_two_reads_without_a_phone_and_one_more_per_conversation_with_one() {
    let bench = Bench::new().await;
    let bob = User::new(&bench, 1).await;
    ten_write_to(&bench, &bob).await;
    bench.lets_lease_end(&bob).await;
    bench.meter.reset();
    assert_eq!(bench.run_push().await, 1);
    let usage = bench.meter.snapshot();
    assert_eq!((usage.write_units, usage.read_units), (0.0, 2.0), "{usage:?}");
    bench.registers(&bob, "token").await;
    let later = clock::now().plus(Duration::from_secs(60));
    bench.was_renewed_at(&bob, later).await;
    bench.meter.reset();
    assert!(!bench.redeliver_push(&silence(&bob, later.as_ms())).await);
    let usage = bench.meter.snapshot();
    assert_eq!((usage.write_units, usage.read_units), (0.0, 12.5), "{usage:?}");
}
