//! Alerts to messages in 1:1 conversations.

use serde_json::json;
use tests::{Chat, User, fresh_id};
use tokio::time::Instant;

/// Alice, and Bob, who is not connected and whose phone is registered.
async fn away() -> (User, User, String) {
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let dm = alice.dm(&bob);
    (alice, bob, dm)
}

#[tokio::test]
async fn a_user_who_is_not_connected_is_alerted() {
    let (alice, bob, dm) = away().await;
    let ack = alice.connect().await.say(&bob.id, "hello").await;
    let push = bob.next_alert(&dm, 1).await;
    assert_eq!((&push.user, &push.device, push.badge), (&bob.id, &bob.device, 1));
    assert!(push.sent_at_ms.abs_diff(ack["sent_at_ms"].as_u64().unwrap()) < 10_000, "{push:?} of {ack}");
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_user_who_is_not_connected_is_alerted_to_a_message_over_http() {
    let (alice, bob, dm) = away().await;
    alice.post_text(&dm, "hello").await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn each_registered_device_is_alerted_once() {
    let (alice, phone, dm) = away().await;
    let (tablet, old, _laptop) =
        (phone.another_device().await, phone.another_device().await, phone.another_device().await);
    tablet.register("fcm").await;
    old.register("fcm").await;
    alice.post_text(&dm, "hello").await;
    for device in [&phone, &tablet, &old] {
        device.is_alerted_to(&dm, &[1]).await;
    }
    let pushes = phone.pushes().await;
    assert_eq!(pushes.len(), 3, "{pushes:?}");
    assert!(pushes.iter().all(|push| push.badge == 1), "{pushes:?}");
}

#[tokio::test]
async fn a_user_without_a_registered_device_is_not_alerted() {
    let [alice, bob, carol] = Chat::new().users().await;
    carol.register("apns").await;
    alice.post_text(&alice.dm(&bob), "hello").await;
    alice.post_text(&alice.dm(&carol), "hello").await;
    carol.is_alerted_to(&alice.dm(&carol), &[1]).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn the_senders_other_devices_are_not_alerted() {
    let (alice, bob, dm) = away().await;
    let tablet = alice.another_device().await;
    alice.register("apns").await;
    tablet.register("fcm").await;
    alice.connect().await.say(&bob.id, "hello").await;
    tablet.post_text(&dm, "again").await;
    bob.is_alerted_to(&dm, &[1, 2]).await;
    alice.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_connected_user_is_not_alerted() {
    let (alice, bob, dm) = away().await;
    let mut socket = bob.connect().await;
    socket.stay_awake();
    let mut phone = alice.connect().await;
    for seq in 1..=5 {
        phone.say(&bob.id, "are you there?").await;
        socket.next_at(&dm, seq).await;
    }
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_connected_user_who_sends_heartbeats_is_not_alerted_later_either() {
    let (alice, bob, dm) = away().await;
    let mut socket = bob.connect().await;
    socket.stay_awake();
    alice.post_text(&dm, "are you there?").await;
    socket.next_at(&dm, 1).await;
    bob.is_pushed_nothing_until(Instant::now() + tests::times::offline_within()).await;
    socket.assert_alive().await;
}

#[tokio::test]
async fn a_user_connected_on_one_of_two_devices_is_not_alerted_on_the_other() {
    let (alice, bob, dm) = away().await;
    let laptop = bob.another_device().await;
    laptop.register("fcm").await;
    let mut socket = laptop.connect().await;
    socket.stay_awake();
    alice.post_text(&dm, "hello").await;
    socket.next_at(&dm, 1).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_user_connected_on_a_device_without_pushes_is_not_alerted_on_another() {
    let (alice, bob, dm) = away().await;
    let mut socket = bob.another_device().await.connect().await;
    socket.stay_awake();
    alice.connect().await.say(&bob.id, "hello").await;
    socket.next_at(&dm, 1).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn both_users_are_alerted_only_to_the_messages_of_the_other() {
    let (alice, bob, dm) = away().await;
    alice.register("fcm").await;
    for (user, seq) in [(&alice, 1), (&bob, 2), (&bob, 3), (&alice, 4)] {
        assert_eq!(user.post_blindly(&dm, "hello").await["seq"], seq);
    }
    bob.is_alerted_to(&dm, &[1, 4]).await;
    alice.is_alerted_to(&dm, &[2, 3]).await;
}

#[tokio::test]
async fn a_refused_message_alerts_nobody() {
    let (alice, bob, dm) = away().await;
    bob.block(&alice).await;
    let mut phone = alice.connect().await;
    for to in [&bob.id, &dm] {
        phone.refused(json!({"action": "send", "to": to, "text": "hello"}), "forbidden").await;
    }
    let message = json!({"client_message_id": fresh_id(), "text": "hello"});
    alice.post_message(&dm, &message).await.refused(403, "forbidden");
    phone.refused(json!({"action": "send", "to": bob.id, "text": ""}), "bad_request").await;
    bob.is_pushed_nothing().await;
    bob.unblock(&alice).await;
    phone.say(&bob.id, "friends again?").await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_message_of_a_user_who_blocks_alerts_the_blocked_user() {
    let (alice, bob, dm) = away().await;
    alice.block(&bob).await;
    alice.post_text(&dm, "hello").await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn events_other_than_messages_alert_nobody() {
    let (alice, bob, dm) = away().await;
    let mut phone = alice.connect().await;
    phone.type_in(&dm).await;
    alice.put_contact(&bob).await.ok();
    bob.put_contact(&alice).await.ok();
    bob.post_text(&dm, "hello").await;
    phone.ask(json!({"action": "read", "conversation": dm, "seq": 1})).await;
    phone.ask(json!({"action": "presence", "users": [bob.id]})).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_long_text_alerts_like_a_short_one() {
    let (alice, bob, dm) = away().await;
    alice.post_text(&dm, &"long ".repeat(10_000)).await;
    alice.post_text(&dm, &"🙂".repeat(100_000)).await;
    bob.is_alerted_to(&dm, &[1, 2]).await;
}
