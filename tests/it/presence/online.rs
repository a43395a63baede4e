//! Friends are notified of users who come online.

use serde_json::json;
use tests::{Chat, Socket, User, times};
use tokio::time::Instant;

/// A socket of a user, and the time at which its handshake had ended.
async fn connect(user: &User) -> (Socket, Instant) {
    let socket = user.connect().await;
    (socket, Instant::now())
}

#[tokio::test]
async fn friends_are_notified_of_a_user_who_connects() {
    let [alice, bob, carol] = Chat::new().friends().await;
    let mut bobs = bob.connect().await;
    let mut carols = carol.connect().await;
    bobs.sees_online(&carol, Instant::now()).await;
    let (mut phone, since) = connect(&alice).await;
    let event = bobs.sees_online(&alice, since).await;
    carols.sees_online(&alice, since).await;
    let beat = phone.assert_alive().await["server_at_ms"].as_u64().unwrap();
    assert!(event["last_active_at_ms"].as_u64().unwrap().abs_diff(beat) < 2_000, "{event} at {beat}");
    phone.assert_quiet().await;
    bobs.sees_no_presence_until(since + times::notified_within()).await;
}

#[tokio::test]
async fn every_device_of_a_friend_is_notified() {
    let [alice, bob] = Chat::new().friends().await;
    let mut sockets = [bob.connect().await, bob.connect().await, bob.another_device().await.connect().await];
    let (_phone, since) = connect(&alice).await;
    for socket in &mut sockets {
        socket.sees_online(&alice, since).await;
    }
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    let since = Instant::now();
    for socket in &mut sockets {
        socket.sees_logged_out(&alice, since).await;
    }
}

#[tokio::test]
async fn only_friends_are_notified() {
    let [alice, bob, member, asked, asking] = Chat::new().users().await;
    alice.befriend(&bob).await;
    alice.create_group(&[&member]).await;
    alice.post_text(&alice.dm(&asked), "hello").await;
    alice.put_contact(&asked).await.ok();
    asking.put_contact(&alice).await.ok();
    let own = alice.another_device().await;
    let mut bobs = bob.connect().await;
    let mut others = [member.connect().await, asked.connect().await, asking.connect().await];
    let (_phone, since) = connect(&alice).await;
    bobs.sees_online(&alice, since).await;
    own.http.delete(&format!("/v1/devices/{}", alice.device)).await.no_content();
    bobs.sees_logged_out(&alice, Instant::now()).await;
    for socket in &mut others {
        socket.sees_no_presence().await;
    }
}

#[tokio::test]
async fn a_second_device_makes_no_difference() {
    let [alice, bob] = Chat::new().friends().await;
    let mut bobs = bob.connect().await;
    let (mut phone, since) = connect(&alice).await;
    bobs.sees_online(&alice, since).await;
    let (mut laptop, since) = connect(&alice.another_device().await).await;
    let (mut again, _) = connect(&alice).await;
    bobs.sees_no_presence_until(since + times::presence_timeout() / 2).await;
    for socket in [&mut phone, &mut laptop, &mut again] {
        socket.gets_no_event(&alice, "online").await;
    }
}

#[tokio::test]
async fn a_new_friend_is_notified_of_the_next_change() {
    let [alice, bob] = Chat::new().users().await;
    let (mut bobs, mut phone) = (bob.connect().await, alice.connect().await);
    phone.assert_alive().await;
    bob.befriend(&alice).await;
    bobs.sees_online(&alice, Instant::now()).await;
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("online"));
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    bobs.sees_logged_out(&alice, Instant::now()).await;
}

#[tokio::test]
async fn a_removed_friend_is_not_notified_any_more() {
    let [alice, bob, carol] = Chat::new().users().await;
    let stays = Chat::new().user().await;
    for friend in [&bob, &carol, &stays] {
        alice.befriend(friend).await;
    }
    let mut removed = [bob.connect().await, carol.connect().await];
    let mut watcher = stays.connect().await;
    alice.remove_contact(&bob).await;
    carol.remove_contact(&alice).await;
    // By this time each has had a last `offline` of the former friend, if that one is online.
    let end = Instant::now() + times::notified_within();
    for socket in &mut removed {
        socket.sees_no_presence_until(end).await;
    }
    let (_phone, since) = connect(&alice).await;
    watcher.sees_online(&alice, since).await;
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    watcher.sees_logged_out(&alice, Instant::now()).await;
    for socket in &mut removed {
        socket.sees_no_presence().await;
    }
}

#[tokio::test]
async fn a_block_hides_each_user_from_the_other() {
    let [alice, bob, watcher] = Chat::new().friends().await;
    alice.block(&bob).await;
    let mut watchers = watcher.connect().await;
    let (mut bobs, since) = connect(&bob).await;
    watchers.sees_online(&bob, since).await;
    let (mut alices, since) = connect(&alice).await;
    watchers.sees_online(&alice, since).await;
    bobs.gets_no_event(&alice, "online").await;
    bob.http.post("/v1/logout", &json!({})).await.no_content();
    watchers.sees_logged_out(&bob, Instant::now()).await;
    alices.gets_no_event(&bob, "offline").await;
}
