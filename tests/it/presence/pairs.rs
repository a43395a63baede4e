//! Presence events when two users start or stop seeing each other's presence.

use serde_json::Value;
use std::time::Duration;
use tests::{Chat, Socket, User, times};
use tokio::time::Instant;

/// The time by which all events of a change of contacts have come, also if the task came before the change and waited
/// twice.
fn settled() -> Instant {
    Instant::now() + times::notified_within() + Duration::from_secs(5)
}

/// The next presence event about a user.
async fn next(socket: &mut Socket, user: &User) -> Value {
    socket.next_presence(user, settled()).await
}

/// Alice and Bob, connected; both have sent a frame since.
async fn connected(alice: &User, bob: &User) -> (Socket, Socket) {
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    alices.stay_awake();
    bobs.stay_awake();
    alices.assert_alive().await;
    bobs.assert_alive().await;
    (alices, bobs)
}

#[tokio::test]
async fn a_friendship_gives_the_present_state() {
    let [alice, bob] = Chat::new().users().await;
    let (mut alices, mut bobs) = connected(&alice, &bob).await;
    alice.befriend(&bob).await;
    assert_eq!(next(&mut alices, &bob).await["status"], "online");
    assert_eq!(next(&mut bobs, &alice).await["status"], "online");
}

#[tokio::test]
async fn a_friendship_with_an_offline_user_sends_offline() {
    let [alice, bob] = Chat::new().users().await;
    let mut alices = alice.connect().await;
    alices.stay_awake();
    alice.befriend(&bob).await;
    let row = next(&mut alices, &bob).await;
    assert_eq!((&row["status"], &row["last_active_at_ms"]), (&"offline".into(), &0.into()), "{row}");
}

#[tokio::test]
async fn the_end_of_a_friendship_sends_both_a_last_offline() {
    let [alice, bob] = Chat::new().friends().await;
    let (mut alices, mut bobs) = connected(&alice, &bob).await;
    assert_eq!(alices.status_of(&bob).await.as_deref(), Some("online"));
    alices.listen_until(Instant::now() + times::notified_within()).await;
    alices.unseen().await;
    bobs.unseen().await;
    bob.remove_contact(&alice).await;
    assert_eq!(next(&mut alices, &bob).await["status"], "offline");
    assert_eq!(next(&mut bobs, &alice).await["status"], "offline");
    // Later changes are not visible to the former friend.
    bob.http.post("/v1/logout", &serde_json::json!({})).await.no_content();
    alices.sees_no_presence_until(Instant::now() + times::notified_within()).await;
}

#[tokio::test]
async fn a_block_looks_like_going_offline_and_its_end_like_coming_online() {
    let [alice, bob] = Chat::new().friends().await;
    let (mut alices, mut bobs) = connected(&alice, &bob).await;
    bobs.listen_until(Instant::now() + times::notified_within()).await;
    alices.unseen().await;
    bobs.unseen().await;
    alice.block(&bob).await;
    let event = next(&mut bobs, &alice).await;
    assert_eq!(event["status"], "offline");
    let row = bob.contact(&alice).await;
    let of = |row: &Value| (row["status"].clone(), row["last_active_at_ms"].clone());
    assert_eq!(of(&row), of(&event), "{row} after {event}");
    assert_eq!(next(&mut alices, &bob).await["status"], "offline");

    alice.unblock(&bob).await;
    let back = next(&mut bobs, &alice).await;
    assert_eq!(back["status"], "online");
    assert!(
        back["last_active_at_ms"].as_u64() >= event["last_active_at_ms"].as_u64(),
        "{back} after {event}"
    );
    assert_eq!(next(&mut alices, &bob).await["status"], "online");
}

#[tokio::test]
async fn each_change_between_two_online_users_sends_one_event_promptly() {
    let [alice, bob] = Chat::new().friends().await;
    let (mut alices, mut bobs) = connected(&alice, &bob).await;
    bobs.listen_until(Instant::now() + times::notified_within()).await;
    alices.unseen().await;
    bobs.unseen().await;
    let active_at = |row: &Value| row["last_active_at_ms"].as_u64().expect("a time");
    let mut shown = active_at(&bobs.presence_of(&[&alice]).await[0]);
    for ends_by_block in [true, false, true, false] {
        let since = Instant::now();
        if ends_by_block {
            alice.block(&bob).await
        } else {
            alice.remove_contact(&bob).await
        }
        let gone = bobs.sees_logged_out(&alice, since).await;
        alices.sees_logged_out(&bob, since).await;
        let since = Instant::now();
        if ends_by_block {
            alice.unblock(&bob).await;
        } else {
            alice.put_contact(&bob).await.ok();
        }
        let back = bobs.sees_online(&alice, since).await;
        alices.sees_online(&bob, since).await;
        let answered = bobs.presence_of(&[&alice]).await;
        let in_order = [shown, active_at(&gone), active_at(&back), active_at(&answered[0])];
        assert!(in_order.is_sorted(), "{in_order:?}");
        shown = in_order[3];
    }
    // A task that came before its change would have run again by then.
    let end = Instant::now() + Duration::from_secs(4);
    bobs.sees_no_presence_until(end).await;
    alices.sees_no_presence_until(end).await;
}

#[tokio::test]
async fn strangers_learn_nothing_by_a_block_or_a_request() {
    let [alice, bob] = Chat::new().users().await;
    let (mut alices, mut bobs) = connected(&alice, &bob).await;
    alice.put_contact(&bob).await.ok();
    alice.block(&bob).await;
    alice.unblock(&bob).await;
    alice.remove_contact(&bob).await;
    alices.sees_no_presence_until(Instant::now() + 2 * times::notified_within()).await;
    bobs.sees_no_presence().await;
}
