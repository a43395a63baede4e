//! The devices on which a user is logged in.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, User};

async fn listed(user: &User) -> Vec<Value> {
    user.http.get("/v1/devices").await.ok()["devices"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_list_shows_each_device_as_it_describes_itself() {
    let phone = Chat::new().user().await;
    let laptop = phone.log_in(json!({"name": "Alice's laptop", "platform": "web"})).await;
    let devices = listed(&laptop).await;
    let [first, second] = &devices[..] else { panic!("{devices:?}") };
    assert_eq!((&first["device"], &first["current"]), (&phone.device.into(), &false.into()));
    assert_eq!(second["device"], laptop.device);
    assert_eq!((&second["name"], &second["platform"]), (&"Alice's laptop".into(), &"web".into()));
    assert_eq!(second["current"], true);
    assert!(second["created_at_ms"].as_u64() >= first["created_at_ms"].as_u64());
}

#[tokio::test]
async fn the_list_shows_which_devices_are_connected() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    let mut socket = phone.connect().await;
    socket.assert_alive().await;
    let connected: Vec<bool> =
        listed(&laptop).await.iter().map(|device| device["connected"].as_bool().unwrap()).collect();
    assert_eq!(connected, [true, false]);
}

#[tokio::test]
async fn a_device_ends_the_session_of_another() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    let mut socket = phone.connect().await;
    laptop.http.delete(&format!("/v1/devices/{}", phone.device)).await.no_content();
    socket.next_close().await;
    phone.assert_logged_out().await;
    laptop.assert_logged_in().await;
    assert_eq!(listed(&laptop).await.len(), 1);
}

#[tokio::test]
async fn a_session_that_has_ended_cannot_be_ended() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    let path = format!("/v1/devices/{}", phone.device);
    laptop.http.delete(&path).await.no_content();
    laptop.http.delete(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn the_devices_of_others_are_out_of_reach() {
    let [alice, bob] = Chat::new().users().await;
    bob.http.delete(&format!("/v1/devices/{}", alice.device)).await.refused(404, "not_found");
    alice.assert_logged_in().await;
    bob.http.delete("/v1/devices/phone").await.refused(400, "bad_request");
}

#[tokio::test]
async fn the_eleventh_device_logs_the_oldest_idle_one_out() {
    let first = Chat::new().user().await;
    let mut socket = first.connect().await;
    socket.assert_alive().await;
    let second = first.another_device().await;
    for _ in 3..=10 {
        first.another_device().await;
    }
    assert_eq!(listed(&first).await.len(), 10);
    second.assert_logged_in().await;
    let eleventh = first.another_device().await;
    second.assert_logged_out().await;
    first.assert_logged_in().await;
    socket.assert_alive().await;
    assert_eq!(listed(&eleventh).await.len(), 10);
}

#[tokio::test]
async fn a_device_that_logs_in_again_makes_no_eleventh() {
    let first = Chat::new().user().await;
    for _ in 2..=10 {
        first.another_device().await;
    }
    first.log_in(json!({"id": first.device})).await;
    assert_eq!(listed(&first.log_in(json!({"id": first.device})).await).await.len(), 10);
}

#[tokio::test]
async fn after_concurrent_logins_the_next_one_leaves_ten_devices() {
    let first = Chat::new().user().await;
    for _ in 2..=9 {
        first.another_device().await;
    }
    let mut socket = first.connect().await;
    socket.assert_alive().await;
    join_all((0..6).map(|_| first.another_device())).await;
    first.another_device().await;
    assert_eq!(listed(&first).await.len(), 10);
    socket.assert_alive().await;
}
