//! The payload of pushes.

use serde_json::{Value, json};
use tests::{Chat, User};

/// Longest name of users and of groups. Unit: characters, inclusive.
const NAME_CHARACTERS_MAX: usize = 64;

/// Longest collapse id that APNs takes. Unit: bytes, inclusive.
///
/// Source: Apple, "Sending notification requests to APNs".
const COLLAPSE_ID_BYTES_MAX: usize = 64;

/// A text that occurs nowhere else.
const SECRET: &str = "xylophone-42-zebra";

/// Alice, who has a display name, and Bob, who is not connected and whose phone is registered.
async fn away(platform: &str) -> (User, User, String) {
    let [alice, bob] = Chat::new().users().await;
    alice.http.patch("/v1/me", &json!({"display_name": "Älice 🙂"})).await.ok();
    bob.register(platform).await;
    let dm = alice.dm(&bob);
    (alice, bob, dm)
}

#[tokio::test]
async fn apns_gets_who_wrote_and_what_the_app_needs_to_know() {
    let (alice, bob, dm) = away("apns").await;
    let ack = alice.post_text(&dm, SECRET).await;
    let push = bob.next_alert(&dm, 1).await;
    assert_eq!(
        push.payload,
        json!({
            "aps": {"alert": {"title": "Älice 🙂", "body": "New message"}, "badge": 1, "sound": "default",
                "thread-id": dm, "mutable-content": 1},
            "confab": {"type": "message", "user": bob.id, "device": bob.device, "conversation": dm,
                "badge": 1, "seq": 1, "sender": alice.id, "sent_at_ms": ack["sent_at_ms"]},
        })
    );
    assert_eq!(
        push.attributes,
        json!({"TTL": "86400", "PUSH_TYPE": "alert", "PRIORITY": "10", "COLLAPSE_ID": dm})
    );
}

#[tokio::test]
async fn fcm_gets_the_same_and_all_of_its_data_are_texts() {
    let (alice, bob, dm) = away("fcm").await;
    let ack = alice.post_text(&dm, SECRET).await;
    let push = bob.next_alert(&dm, 1).await;
    assert_eq!(
        push.payload,
        json!({"message": {
            "notification": {"title": "Älice 🙂", "body": "New message"},
            "data": {"type": "message", "user": bob.id, "device": bob.device, "conversation": dm, "badge": "1",
                "seq": "1", "sender": alice.id, "sent_at_ms": ack["sent_at_ms"].to_string()},
            "android": {"priority": "high", "collapse_key": dm, "ttl": "86400s",
                "notification": {"tag": dm, "notification_count": 1}},
        }})
    );
}

#[tokio::test]
async fn a_silent_push_shows_nothing_and_has_the_badge() {
    let [alice, phone] = Chat::new().users().await;
    let (android, laptop) = (phone.another_device().await, phone.another_device().await);
    phone.register("apns").await;
    android.register("fcm").await;
    let dm = alice.dm(&phone);
    alice.post_text(&dm, SECRET).await;
    phone.next_alert(&dm, 1).await;
    laptop.connect().await.ask(json!({"action": "read", "conversation": dm, "seq": 1})).await;
    let push = phone.next_clearing(&dm, 1).await;
    assert_eq!(
        push.payload,
        json!({
            "aps": {"badge": 0, "content-available": 1, "thread-id": dm},
            "confab": {"type": "read", "user": phone.id, "device": phone.device, "conversation": dm,
                "badge": 0, "read_seq": 1},
        })
    );
    assert_eq!(
        (&push.attributes["PRIORITY"], &push.attributes["COLLAPSE_ID"]),
        (&"5".into(), &dm.clone().into())
    );
    let push = android.next_clearing(&dm, 1).await;
    let message = &push.payload["message"];
    assert_eq!(
        message["data"],
        json!({"type": "read", "user": phone.id, "device": android.device, "conversation": dm, "badge": "0",
            "read_seq": "1"})
    );
    assert!(message.get("notification").is_none(), "{message}");
}

#[tokio::test]
async fn an_alert_of_a_group_is_titled_by_the_group() {
    for platform in ["apns", "fcm"] {
        let (alice, bob, _) = away(platform).await;
        let group = alice.create_group(&[&bob]).await;
        alice.post_text(&group, SECRET).await;
        let push = bob.next_alert(&group, 2).await;
        assert_eq!(lines(&push.payload), json!({"title": "Climbing", "body": "New message from Älice 🙂"}));
        assert_eq!(push.conversation, group);
    }
}

#[tokio::test]
async fn names_are_those_of_the_moment() {
    let (alice, bob, dm) = away("apns").await;
    let group = alice.create_group(&[&bob]).await;
    alice.post_text(&group, "one").await;
    bob.next_alert(&group, 2).await;
    alice.rename_group(&group, "Bouldering").await.ok();
    alice.http.patch("/v1/me", &json!({"display_name": "Alice"})).await.ok();
    alice.post_text(&group, "two").await;
    let push = bob.next_alert(&group, 4).await;
    assert_eq!(lines(&push.payload), json!({"title": "Bouldering", "body": "New message from Alice"}));
    alice.post_text(&dm, "three").await;
    let push = bob.next_alert(&dm, 1).await;
    assert_eq!(lines(&push.payload), json!({"title": "Alice", "body": "New message"}));
}

#[tokio::test]
async fn a_user_without_a_display_name_is_shown_by_their_handle() {
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    let push = bob.next_alert(&dm, 1).await;
    assert_eq!(lines(&push.payload)["title"], alice.handle.as_str());
}

#[tokio::test]
async fn no_text_reaches_the_push_services() {
    let [alice, phone] = Chat::new().users().await;
    let android = phone.another_device().await;
    phone.register("apns").await;
    android.register("fcm").await;
    let (dm, group) = (alice.dm(&phone), alice.create_group(&[&phone]).await);
    let long = format!("{SECRET} ").repeat(4_000);
    for text in [SECRET, &long] {
        alice.post_text(&dm, text).await;
        alice.post_text(&group, text).await;
        alice.connect().await.say(&phone.id, SECRET).await;
    }
    let frame = json!({"action": "send", "id": SECRET, "to": group, "text": SECRET, "mentions": [phone.id]});
    alice.connect().await.deliver(frame).await;
    phone.is_alerted_to(&dm, &[1, 2, 3, 4]).await;
    android.is_alerted_to(&group, &[2, 3, 4]).await;
    for push in phone.pushes().await {
        let whole = format!("{push:?}");
        assert!(!whole.contains("xylophone") && !whole.contains("zebra"), "{whole}");
    }
}

/// The harness checks that each push is under 4 KB.
#[tokio::test]
async fn with_the_longest_names_a_push_stays_under_4_kb() {
    for letter in ["🙂", "\"", "\\", "é", "<", "👩🏽‍🚀"] {
        let [alice, phone] = Chat::new().users().await;
        let android = phone.another_device().await;
        phone.register("apns").await;
        android.register("fcm").await;
        let whole_letters = (NAME_CHARACTERS_MAX - 1) / letter.chars().count();
        let name = format!("{}x", letter.repeat(whole_letters));
        let renamed = alice.http.patch("/v1/me", &json!({"display_name": name})).await.ok();
        let group = alice.post_group(&name, &[&phone]).await.with_status(201)["group"].clone();
        let group = group.as_str().unwrap();
        alice.post_text(group, "hello").await;
        for device in [&phone, &android] {
            let push = device.next_alert(group, 2).await;
            let lines = lines(&push.payload);
            assert_eq!(
                (&lines["title"], &renamed["display_name"]),
                (&name.as_str().into(), &name.as_str().into())
            );
            assert_eq!(lines["body"], format!("New message from {name}"));
        }
    }
}

#[tokio::test]
async fn alerts_of_one_conversation_replace_each_other_on_the_screen() {
    let (alice, phone, dm) = away("apns").await;
    let android = phone.another_device().await;
    android.register("fcm").await;
    let group = alice.create_group(&[&phone]).await;
    for conversation in [&dm, &group] {
        alice.post_text(conversation, "one").await;
        alice.post_text(conversation, "two").await;
        let first = if *conversation == dm { 1 } else { 2 };
        for seq in [first, first + 1] {
            let id = phone.next_alert(conversation, seq).await.attributes["COLLAPSE_ID"].clone();
            assert_eq!(id, conversation.as_str());
            assert!(conversation.len() <= COLLAPSE_ID_BYTES_MAX);
            let push = android.next_alert(conversation, seq).await;
            assert_eq!(push.payload["message"]["android"]["notification"]["tag"], conversation.as_str());
        }
    }
}

/// The texts that an alert shows.
fn lines(payload: &Value) -> Value {
    let apns = &payload["aps"]["alert"];
    if apns.is_null() { payload["message"]["notification"].clone() } else { apns.clone() }
}
