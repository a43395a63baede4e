//! A user without connected friends.

use std::time::Duration;

use tests::runner::Runner;
use tests::{Socket, User, times};
use tokio::time::Instant;

/// After this long without a connected friend, heartbeats become rarer.
const ALONE: Duration = Duration::from_secs(30);
/// Time by which the interval must have grown.
const LONG_ALONE: Duration = Duration::from_secs(45);
/// Time in which a friend who connects finds out that a user is offline.
const FOUND_OUT_WITHIN: Duration = Duration::from_secs(6);

/// The device of a user who was alone for so long that the next heartbeat is far away, and a friend.
async fn alone(confab: &Runner) -> (User, Socket, User) {
    let [alice, bob] = confab.chat().friends().await;
    let begun = Instant::now();
    let mut phone = alice.connect().await;
    loop {
        let next = phone.assert_alive().await["next_seconds"].as_u64().unwrap();
        let alone = begun.elapsed();
        if next > 1 {
            assert!(alone + Duration::from_secs(1) >= ALONE, "every {next} s after {alone:?}");
            assert!(next <= alone.as_secs() / 2, "every {next} s after {alone:?}");
            return (alice, phone, bob);
        }
        assert!(alone < LONG_ALONE, "still every second after {alone:?}");
        phone.listen_until(Instant::now() + Duration::from_secs(next)).await;
    }
}

#[tokio::test]
async fn a_user_who_is_alone_sends_heartbeats_rarely_until_a_friend_connects() {
    let confab = Runner::start(&[&["--memory"], &times::FLAGS[..]].concat()).await;
    let (alice, mut phone, bob) = alone(&confab).await;
    let mut bobs = bob.connect().await;
    bobs.stay_awake();
    let probe = phone.next_probe().await;
    assert_eq!((&probe["type"], probe["next_seconds"].is_u64()), (&"heartbeat".into(), true), "{probe}");
    assert_eq!(phone.assert_alive().await["next_seconds"], 1);
    phone.stay_awake();
    let end = Instant::now() + times::offline_within();
    bobs.sees_no_presence_until(end).await;
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("online"));
}

#[tokio::test]
async fn a_friend_who_connects_soon_finds_out_that_the_device_is_dead() {
    let confab = Runner::start(&[&["--memory"], &times::FLAGS[..]].concat()).await;
    let (alice, phone, bob) = alone(&confab).await;
    phone.cut();
    let mut bobs = bob.connect().await;
    let since = Instant::now();
    bobs.stay_awake();
    let at_first = bobs.status_of(&alice).await;
    bobs.listen_until(since + FOUND_OUT_WITHIN).await;
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("offline"), "{at_first:?} at first");
    assert_eq!(bob.contact(&alice).await["status"], "offline");
    if at_first.as_deref() == Some("online") {
        let event = bobs.next_presence(&alice, since + times::offline_within()).await;
        assert_eq!(event["status"], "offline");
    }
    bobs.sees_no_presence().await;
}
