//! Alerts to connected users who send no frames.

use serde_json::json;
use tests::{Chat, Socket, User, times};
use tokio::time::Instant;

/// Alice, and Bob, who is connected and whose phone is registered.
async fn connected() -> (User, User, String, Socket) {
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let dm = alice.dm(&bob);
    let mut socket = bob.connect().await;
    socket.assert_alive().await;
    (alice, bob, dm, socket)
}

/// Like [`connected`]; Bob has missed a heartbeat, and the message came only then.
async fn unconfirmed() -> (User, User, String, Socket, Instant) {
    let (alice, bob, dm, mut socket) = connected().await;
    let last = socket.fall_silent().await;
    socket.listen_until(last + times::heartbeat() * 2).await;
    alice.post_text(&dm, "are you there?").await;
    socket.next_at(&dm, 1).await;
    (alice, bob, dm, socket, last)
}

/// The time by which a user whose last frame was at `last` is alerted.
fn over(last: Instant) -> Instant {
    last + times::offline_within()
}

#[tokio::test]
async fn a_user_who_has_closed_the_socket_is_alerted_immediately() {
    let (alice, bob, dm, socket) = connected().await;
    socket.close().await;
    bob.is_gone().await;
    alice.post_text(&dm, "hello").await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_user_whose_socket_was_cut_is_alerted_immediately() {
    let (alice, bob, dm, socket) = connected().await;
    socket.cut();
    bob.is_gone().await;
    alice.post_text(&dm, "hello").await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_user_who_logs_out_on_the_connected_device_is_alerted_on_the_other_immediately() {
    let (alice, bob, dm, _socket) = connected().await;
    let laptop = bob.another_device().await;
    laptop.register("fcm").await;
    bob.http.post("/v1/logout", &json!({})).await.no_content();
    alice.post_text(&dm, "hello").await;
    laptop.is_alerted_to(&dm, &[1]).await;
    assert_eq!(laptop.pushes().await.len(), 1);
}

#[tokio::test]
async fn a_user_who_was_silent_for_longer_than_the_timeout_is_alerted_immediately() {
    let (alice, bob, dm, mut socket) = connected().await;
    let last = socket.fall_silent().await;
    socket.listen_until(over(last)).await;
    alice.post_text(&dm, "are you there?").await;
    bob.is_alerted_to(&dm, &[1]).await;
    // The socket works; only the client was silent.
    socket.next_at(&dm, 1).await;
}

#[tokio::test]
async fn a_user_who_stays_silent_is_alerted_after_the_timeout() {
    let (_alice, bob, dm, _socket, last) = unconfirmed().await;
    bob.next_alert_by(over(last), &dm, 1).await;
    let took = last.elapsed();
    assert!(took >= times::offline_after(), "alerted after {took:?}");
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_user_whose_heartbeat_was_late_is_not_alerted() {
    let (_alice, bob, _dm, mut socket, last) = unconfirmed().await;
    socket.assert_alive().await;
    socket.stay_awake();
    bob.is_pushed_nothing_until(over(last)).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_user_who_reads_meanwhile_is_not_alerted() {
    let (_alice, bob, dm, mut socket, last) = unconfirmed().await;
    let answer = socket.ask(json!({"action": "read", "conversation": dm, "seq": 1})).await;
    assert_eq!(answer["type"], "ok");
    bob.is_pushed_nothing_until(over(last)).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_user_who_reconnects_by_another_socket_is_not_alerted() {
    let (_alice, bob, dm, socket, last) = unconfirmed().await;
    socket.cut();
    let mut socket = bob.connect().await;
    socket.stay_awake();
    socket.missed(&dm, json!({})).await;
    bob.is_pushed_nothing_until(over(last)).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_silent_user_whose_socket_is_cut_is_alerted_after_the_timeout() {
    let (_alice, bob, dm, socket, last) = unconfirmed().await;
    socket.cut();
    bob.next_alert_by(over(last), &dm, 1).await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_message_right_after_the_cut_of_a_silent_socket_is_alerted_too() {
    let (alice, bob, dm, mut socket) = connected().await;
    let last = socket.fall_silent().await;
    socket.listen_until(last + times::heartbeat() * 2).await;
    socket.cut();
    alice.post_text(&dm, "are you there?").await;
    bob.next_alert_by(over(last), &dm, 1).await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn messages_that_a_dead_socket_took_are_alerted_after_the_timeout() {
    let (alice, bob, dm, mut socket) = connected().await;
    alice.post_text(&dm, "you still hear this").await;
    socket.next_at(&dm, 1).await;
    assert_eq!(socket.ask(json!({"action": "read", "conversation": dm, "seq": 1})).await["type"], "ok");
    let last = socket.fall_silent().await;
    for _ in 2..=3 {
        alice.post_text(&dm, "are you there?").await;
    }
    for seq in 2..=3 {
        bob.next_alert_by(over(last), &dm, seq).await;
    }
    bob.is_alerted_to(&dm, &[2, 3]).await;
}

#[tokio::test]
async fn a_user_who_reconnects_within_the_timeout_is_not_alerted_to_messages_of_the_old_socket() {
    let (alice, bob, dm, mut socket) = connected().await;
    let last = socket.fall_silent().await;
    alice.post_text(&dm, "are you there?").await;
    let mut back = bob.connect().await;
    back.stay_awake();
    back.missed(&dm, json!({})).await;
    bob.is_pushed_nothing_until(over(last)).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn several_messages_to_a_silent_user_give_an_alert_each() {
    let (alice, bob, dm, _socket, last) = unconfirmed().await;
    for _ in 2..=4 {
        alice.post_text(&dm, "hello?").await;
    }
    for seq in 1..=4 {
        bob.next_alert_by(over(last), &dm, seq).await;
    }
    bob.is_alerted_to(&dm, &[1, 2, 3, 4]).await;
    let badges: Vec<u64> = bob.pushes().await.iter().map(|push| push.badge).collect();
    assert_eq!(badges.iter().max(), Some(&4), "{badges:?}");
}

#[tokio::test]
async fn a_mute_that_begins_before_the_timeout_is_over_counts() {
    let (_alice, bob, dm, _socket, last) = unconfirmed().await;
    bob.mute(&dm, 32_503_680_000_000_u64).await;
    bob.is_pushed_nothing_until(over(last)).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn an_active_device_prevents_alerts_on_a_silent_one() {
    let (alice, bob, dm, mut socket) = connected().await;
    let mut laptop = bob.another_device().await.connect().await;
    laptop.stay_awake();
    let last = socket.fall_silent().await;
    socket.listen_until(last + times::heartbeat() * 2).await;
    alice.post_text(&dm, "hello").await;
    laptop.next_at(&dm, 1).await;
    bob.is_pushed_nothing_until(over(last)).await;
    bob.is_pushed_nothing().await;
}

#[tokio::test]
async fn silent_members_of_a_group_are_alerted_and_active_ones_are_not() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    bob.register("apns").await;
    carol.register("fcm").await;
    let (mut bobs, mut carols) = (bob.connect().await, carol.connect().await);
    carols.stay_awake();
    let last = bobs.fall_silent().await;
    bobs.listen_until(last + times::heartbeat() * 2).await;
    alice.post_text(&group, "hello").await;
    carols.next_at(&group, 2).await;
    bob.next_alert_by(over(last), &group, 2).await;
    bob.is_alerted_to(&group, &[2]).await;
    carol.is_pushed_nothing().await;
}
