//! Explanations of pushes for an operator of a local server: `GET /dev/pushes/{conversation}/{seq}`.

use serde_json::{Value, json};
use tests::{Chat, User, is_deployed};

/// A time far in the future.
const FAR_AHEAD_MS: u64 = 32_503_680_000_000;

/// Time between two queries.
const CHECK_PAUSE: std::time::Duration = std::time::Duration::from_millis(25);

/// Alerts of one conversation that are kept, before the newest one.
const REMEMBERED: u64 = 64;

/// The explanation of a message for a member.
async fn member(user: &User, conversation: &str, seq: u64) -> Value {
    let explanation = user.chat().explanation(conversation, seq).await.ok();
    let members = explanation["members"].as_array().unwrap();
    let member = members.iter().find(|member| member["user"] == user.id);
    member.unwrap_or_else(|| panic!("{} is not in {explanation}", user.id)).clone()
}

async fn check(user: &User, conversation: &str, seq: u64, outcome: &str) {
    let member = member(user, conversation, seq).await;
    assert_eq!(member["outcome"], outcome, "{member}");
    assert!(!member["why"].as_str().unwrap().is_empty(), "{member}");
}

#[tokio::test]
async fn an_alert_is_explained_with_the_devices() {
    if is_deployed() {
        return;
    }
    let [alice, bob] = Chat::new().users().await;
    let laptop = bob.another_device().await;
    bob.register("apns").await;
    let (dm, _alices) = (alice.dm(&bob), alice.connect().await);
    let ack = alice.post_text(&dm, "hello").await;
    bob.next_alert(&dm, 1).await;
    let explanation = bob.chat().explanation(&dm, 1).await.ok();
    assert_eq!(
        (&explanation["conversation"], &explanation["seq"], &explanation["kind"], &explanation["sent_at_ms"]),
        (&dm.as_str().into(), &1.into(), &"text".into(), &ack["sent_at_ms"])
    );
    assert_eq!(explanation["members"].as_array().unwrap().len(), 2);
    check(&alice, &dm, 1, "sender").await;
    check(&bob, &dm, 1, "alerted").await;
    let devices = member(&bob, &dm, 1).await["devices"].as_array().unwrap().clone();
    assert_eq!(devices.len(), 2);
    assert!(devices.contains(&json!({"device": bob.device, "platform": "apns", "connected": false})));
    assert!(devices.contains(&json!({"device": laptop.device, "connected": false})));
    let alices = json!([{"device": alice.device, "connected": true}]);
    assert_eq!(member(&alice, &dm, 1).await["devices"], alices);
}

#[tokio::test]
async fn the_reason_for_no_alert_is_explained() {
    if is_deployed() {
        return;
    }
    let [alice, bob, carol, dave, erin, late] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol, &dave, &erin]).await;
    for user in [&bob, &carol, &erin, &late] {
        user.register("apns").await;
    }
    bob.mute(&group, FAR_AHEAD_MS).await;
    let (mut carols, mut erins) = (carol.connect().await, erin.connect().await);
    carols.stay_awake();
    erins.stay_awake();
    alice.post_text(&group, "hello").await;
    carols.next_at(&group, 2).await;
    erins.next_at(&group, 2).await;
    erins.ask(json!({"action": "read", "conversation": group, "seq": 2})).await;
    alice.put_member(&group, &late, None).await.ok();
    bob.chat().pushes_settle().await;
    for (user, outcome) in [
        (&alice, "sender"),
        (&bob, "muted"),
        (&carol, "connected"),
        (&dave, "no_device"),
        (&erin, "read"),
        (&late, "not_a_member"),
    ] {
        check(user, &group, 2, outcome).await;
    }
    for user in [&alice, &bob, &late] {
        check(user, &group, 1, "no_message").await;
        check(user, &group, 3, "no_message").await;
    }
}

#[tokio::test]
async fn a_user_who_was_connected_at_the_message_and_disconnected_later_is_not_alerted() {
    if is_deployed() {
        return;
    }
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let (dm, mut socket) = (alice.dm(&bob), bob.connect().await);
    socket.stay_awake();
    alice.post_text(&dm, "hello").await;
    socket.next_at(&dm, 1).await;
    bob.is_pushed_nothing().await;
    check(&bob, &dm, 1, "connected").await;
    socket.close().await;
    bob.is_gone().await;
    // A user is not offline before the lease has run out.
    let end = tokio::time::Instant::now() + tests::times::offline_within();
    while member(&bob, &dm, 1).await["outcome"] == "connected" {
        assert!(tokio::time::Instant::now() < end, "still connected");
        tokio::time::sleep(CHECK_PAUSE).await;
    }
    check(&bob, &dm, 1, "not_alerted").await;
    assert!(bob.pushes().await.is_empty());
}

#[tokio::test]
async fn an_alerted_message_stays_alerted_when_it_is_read_or_muted() {
    if is_deployed() {
        return;
    }
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    bob.next_alert(&dm, 1).await;
    bob.mute(&dm, FAR_AHEAD_MS).await;
    bob.connect().await.ask(json!({"action": "read", "conversation": dm, "seq": 1})).await;
    bob.unregister().await;
    check(&bob, &dm, 1, "alerted").await;
}

#[tokio::test]
async fn alerts_of_long_ago_are_forgotten() {
    if is_deployed() {
        return;
    }
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let (dm, mut phone) = (alice.dm(&bob), alice.connect().await);
    for seq in 1..=REMEMBERED + 2 {
        phone.say(&bob.id, "hello").await;
        bob.next_alert(&dm, seq).await;
    }
    check(&bob, &dm, 1, "forgotten").await;
    check(&bob, &dm, 2, "alerted").await;
    check(&bob, &dm, REMEMBERED + 2, "alerted").await;
}

#[tokio::test]
async fn an_unknown_message_is_not_explained() {
    if is_deployed() {
        return;
    }
    let [alice, bob] = Chat::new().users().await;
    let (chat, dm) = (alice.chat(), alice.dm(&bob));
    alice.post_text(&dm, "hello").await;
    for seq in [0, 2, 1_000] {
        assert_eq!(chat.explanation(&dm, seq).await.status, 400, "{seq}");
    }
    for conversation in ["nonsense", "dm_1", "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        assert_eq!(chat.explanation(conversation, 1).await.status, 400, "{conversation}");
    }
    assert_eq!(chat.http.get(&format!("/dev/pushes/{dm}/one")).await.status, 400);
}
