//! Alerts of conversations that their user has left or muted are cleared.

use serde_json::Value;
use tests::{Chat, User};

/// A time far in the future.
const FAR_AHEAD_MS: u64 = 32_503_680_000_000;

/// Alice, and Bob, who is not connected and was alerted to two messages in a group and to one of Alice.
struct Scene {
    alice: User,
    phone: User,
    tablet: User,
    group: String,
    dm: String,
}

async fn alerted() -> Scene {
    let [alice, phone] = Chat::new().users().await;
    let tablet = phone.another_device().await;
    phone.register("apns").await;
    tablet.register("fcm").await;
    let group = alice.create_group(&[&phone]).await;
    let dm = alice.dm(&phone);
    alice.post_text(&dm, "hello").await;
    phone.next_alert(&dm, 1).await;
    for seq in [2, 3] {
        alice.post_text(&group, "hello").await;
        phone.next_alert(&group, seq).await;
        tablet.next_alert(&group, seq).await;
    }
    Scene { alice, phone, tablet, group, dm }
}

/// Checks that a device got one clear, up to the newest message of a conversation.
async fn check_cleared(device: &User, conversation: &str, newest: u64, badge: u64) {
    let push = device.next_clearing(conversation, newest).await;
    assert_eq!((push.badge, device.unread_sum().await), (badge, badge), "{push:?}");
    device.chat().pushes_settle().await;
    let clearings = device.clearings_of(conversation).await;
    assert_eq!(clearings.len(), 1, "{clearings:?}");
}

#[tokio::test]
async fn leaving_a_group_clears_its_alerts() {
    let Scene { phone, tablet, group, .. } = alerted().await;
    phone.leave(&group).await;
    for device in [&phone, &tablet] {
        check_cleared(device, &group, 3, 1).await;
    }
}

#[tokio::test]
async fn being_removed_from_a_group_clears_its_alerts() {
    let Scene { alice, phone, tablet, group, .. } = alerted().await;
    alice.http.delete(&format!("/v1/groups/{group}/members/{}", phone.id)).await.no_content();
    for device in [&phone, &tablet] {
        check_cleared(device, &group, 3, 1).await;
    }
}

#[tokio::test]
async fn the_end_of_a_group_clears_its_alerts() {
    let Scene { alice, phone, tablet, group, .. } = alerted().await;
    alice.delete_group(&group).await.no_content();
    for device in [&phone, &tablet] {
        check_cleared(device, &group, 3, 1).await;
    }
    assert!(alice.pushes().await.is_empty());
}

#[tokio::test]
async fn a_mute_clears_the_alerts_on_the_other_devices() {
    let Scene { alice, phone, tablet, group, dm } = alerted().await;
    tablet.mute(&group, FAR_AHEAD_MS).await;
    check_cleared(&phone, &group, 3, 1).await;
    assert!(tablet.clearings_of(&group).await.is_empty(), "no clear to the device that muted");
    tablet.mute(&group, Value::Null).await;
    alice.post_text(&dm, "still there").await;
    let push = phone.next_alert(&dm, 2).await;
    assert_eq!((push.badge, phone.unread_sum().await), (4, 4));
    assert!(phone.clearings_of(&dm).await.is_empty());
}

#[tokio::test]
async fn a_conversation_without_an_unread_alert_is_not_cleared() {
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let group = alice.create_group(&[&bob]).await;
    bob.mute(&group, FAR_AHEAD_MS).await;
    alice.post_text(&group, "hello").await;
    bob.leave(&group).await;
    bob.is_pushed_nothing().await;
}
