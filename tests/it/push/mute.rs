//! A muted conversation gives no alerts.

use serde_json::{Value, json};
use tests::{Chat, User};

/// A time far in the future.
const FAR_AHEAD_MS: u64 = 32_503_680_000_000;

/// Length of a mute whose end a test waits for: long enough to finish with a message. Unit: milliseconds.
const SHORT_MUTE_MS: u64 = 6_000;

/// Alice, and Bob, who is not connected and has had one message and its alert.
async fn away() -> (User, User, String) {
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    bob.next_alert(&dm, 1).await;
    (alice, bob, dm)
}

#[tokio::test]
async fn a_muted_conversation_gives_no_alert() {
    let (alice, bob, dm) = away().await;
    bob.mute(&dm, FAR_AHEAD_MS).await;
    alice.post_text(&dm, "psst").await;
    alice.connect().await.say(&bob.id, "psst").await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn alerts_come_again_once_the_mute_is_ended() {
    let (alice, bob, dm) = away().await;
    let mut alerted = vec![1];
    for end in [Value::Null, json!(0), json!(1)] {
        bob.mute(&dm, FAR_AHEAD_MS).await;
        alice.post_text(&dm, "psst").await;
        bob.is_alerted_to(&dm, &alerted).await;
        bob.mute(&dm, end).await;
        alerted.push(alice.post_text(&dm, "hello").await["seq"].as_u64().unwrap());
        bob.is_alerted_to(&dm, &alerted).await;
    }
}

#[tokio::test]
async fn alerts_come_again_once_the_mute_has_run_out() {
    let (alice, bob, dm) = away().await;
    let now_ms = alice.post_text(&dm, "still heard").await["sent_at_ms"].as_u64().unwrap();
    let begun = tokio::time::Instant::now();
    bob.mute(&dm, now_ms + SHORT_MUTE_MS).await;
    alice.post_text(&dm, "psst").await;
    bob.chat().pushes_settle().await;
    assert!(!bob.alerts_in(&dm).await.contains(&3), "{:?}", bob.pushes().await);
    tokio::time::sleep_until(begun + std::time::Duration::from_millis(SHORT_MUTE_MS + 1_000)).await;
    assert!(bob.listed(&dm).await.get("muted_until_ms").is_none());
    alice.post_text(&dm, "hello").await;
    let push = bob.next_alert(&dm, 4).await;
    assert_eq!((push.badge, bob.unread_sum().await), (4, 4));
    bob.chat().pushes_settle().await;
    assert!(!bob.alerts_in(&dm).await.contains(&3), "{:?}", bob.pushes().await);
}

#[tokio::test]
async fn a_mute_silences_one_conversation_of_one_user() {
    let (alice, bob, dm) = away().await;
    let [carol] = bob.chat().users().await;
    alice.register("fcm").await;
    bob.mute(&dm, FAR_AHEAD_MS).await;
    carol.post_text(&carol.dm(&bob), "hello").await;
    bob.post_text(&dm, "hello").await;
    bob.is_alerted_to(&carol.dm(&bob), &[1]).await;
    alice.is_alerted_to(&dm, &[2]).await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_mute_silences_every_device() {
    let (alice, bob, dm) = away().await;
    let tablet = bob.another_device().await;
    tablet.register("fcm").await;
    tablet.mute(&dm, FAR_AHEAD_MS).await;
    alice.post_text(&dm, "psst").await;
    bob.is_alerted_to(&dm, &[1]).await;
    tablet.is_alerted_to(&dm, &[]).await;
}

#[tokio::test]
async fn a_muted_group_is_silent_for_one_member() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    bob.register("apns").await;
    carol.register("apns").await;
    bob.mute(&group, FAR_AHEAD_MS).await;
    alice.post_text(&group, "hello").await;
    carol.is_alerted_to(&group, &[2]).await;
    bob.is_pushed_nothing().await;
    bob.mute(&group, Value::Null).await;
    alice.post_text(&group, "hello").await;
    bob.is_alerted_to(&group, &[3]).await;
}
