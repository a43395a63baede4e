//! Friends are notified of users who go offline, and of no others.

use serde_json::json;
use tests::{Chat, Socket, User, times};
use tokio::time::Instant;

/// Two friends, both connected; the first one stays active and was notified of the other.
async fn watched() -> (Socket, User, Socket) {
    let [watcher, alice] = Chat::new().friends().await;
    let mut watchers = watcher.connect().await;
    watchers.stay_awake();
    let phone = alice.connect().await;
    watchers.sees_online(&alice, Instant::now()).await;
    (watchers, alice, phone)
}

/// The time by which friends are notified of a user whose last frame was at `last`.
fn over(last: Instant) -> Instant {
    last + times::offline_within()
}

#[tokio::test]
async fn a_user_whose_socket_was_cut_is_offline_after_the_timeout() {
    let (mut watcher, alice, mut phone) = watched().await;
    let beat = phone.assert_alive().await["server_at_ms"].as_u64().unwrap();
    let last = phone.fall_silent().await;
    phone.cut();
    let event = watcher.sees_offline(&alice, last).await;
    assert!(event["last_active_at_ms"].as_u64().unwrap().abs_diff(beat) < 2_000, "{event} at {beat}");
    watcher.sees_no_presence_until(over(last)).await;
}

#[tokio::test]
async fn a_user_who_closes_the_socket_is_offline_after_the_timeout() {
    let (mut watcher, alice, mut phone) = watched().await;
    let last = phone.fall_silent().await;
    phone.close().await;
    watcher.sees_offline(&alice, last).await;
    watcher.sees_no_presence_until(over(last)).await;
}

#[tokio::test]
async fn a_user_who_reconnects_within_the_timeout_stays_online() {
    let (mut watcher, alice, mut phone) = watched().await;
    let last = phone.fall_silent().await;
    phone.cut();
    let mut phone = alice.connect().await;
    phone.stay_awake();
    watcher.sees_no_presence_until(over(last)).await;
    let last = phone.fall_silent().await;
    phone.cut();
    watcher.sees_offline(&alice, last).await;
}

#[tokio::test]
async fn a_user_who_reconnects_after_the_timeout_is_online_again() {
    let (mut watcher, alice, mut phone) = watched().await;
    let last = phone.fall_silent().await;
    phone.cut();
    watcher.sees_offline(&alice, last).await;
    let _phone = alice.connect().await;
    watcher.sees_online(&alice, Instant::now()).await;
}

#[tokio::test]
async fn a_late_end_of_an_old_socket_does_not_matter_to_a_newer_one() {
    let (mut watcher, alice, mut old) = watched().await;
    let mut newer = alice.connect().await;
    newer.stay_awake();
    let last = old.fall_silent().await;
    watcher.sees_no_presence_until(last + times::heartbeat() * 2).await;
    old.close().await;
    watcher.sees_no_presence_until(over(Instant::now())).await;
    assert_eq!(watcher.status_of(&alice).await.as_deref(), Some("online"));
}

#[tokio::test]
async fn one_active_device_keeps_its_user_online() {
    let (mut watcher, alice, mut phone) = watched().await;
    let mut laptop = alice.another_device().await.connect().await;
    laptop.stay_awake();
    let last = phone.fall_silent().await;
    phone.cut();
    watcher.sees_no_presence_until(over(last)).await;
    let last = laptop.fall_silent().await;
    laptop.cut();
    watcher.sees_offline(&alice, last).await;
}

#[tokio::test]
async fn a_silent_device_is_offline_and_its_next_frame_makes_it_online() {
    let (mut watcher, alice, mut phone) = watched().await;
    let last = phone.fall_silent().await;
    watcher.sees_offline(&alice, last).await;
    phone.sync_frames(json!({"cursors": {}})).await;
    let event = watcher.next_presence(&alice, over(Instant::now())).await;
    assert_eq!(event["status"], "online");
    let last = phone.fall_silent().await;
    watcher.sees_offline(&alice, last).await;
}
