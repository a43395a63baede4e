//! A user who logs out is offline within a second.

use serde_json::json;
use tests::{Chat, times};
use tokio::time::Instant;

#[tokio::test]
async fn a_user_who_logs_out_is_offline_within_a_second() {
    let [alice, bob] = Chat::new().friends().await;
    let mut bobs = bob.connect().await;
    bobs.stay_awake();
    let mut phone = alice.connect().await;
    bobs.sees_online(&alice, Instant::now()).await;
    phone.assert_alive().await;
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    let since = Instant::now();
    bobs.sees_logged_out(&alice, since).await;
    phone.next_close().await;
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("offline"));
    bobs.sees_no_presence_until(since + times::offline_within()).await;
}

#[tokio::test]
async fn a_user_who_closes_the_socket_and_then_logs_out_is_offline_within_a_second() {
    let [alice, bob] = Chat::new().friends().await;
    let mut bobs = bob.connect().await;
    let phone = alice.connect().await;
    bobs.sees_online(&alice, Instant::now()).await;
    phone.close().await;
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    bobs.sees_logged_out(&alice, Instant::now()).await;
}

#[tokio::test]
async fn a_user_whose_only_connected_device_is_logged_out_is_offline_within_a_second() {
    let [alice, bob] = Chat::new().friends().await;
    let laptop = alice.another_device().await;
    let mut bobs = bob.connect().await;
    let mut phone = alice.connect().await;
    bobs.sees_online(&alice, Instant::now()).await;
    phone.assert_alive().await;
    laptop.http.delete(&format!("/v1/devices/{}", alice.device)).await.no_content();
    bobs.sees_logged_out(&alice, Instant::now()).await;
    phone.next_close().await;
    let _laptop = laptop.connect().await;
    bobs.sees_online(&alice, Instant::now()).await;
}

#[tokio::test]
async fn a_user_who_logs_out_one_of_two_connected_devices_stays_online() {
    let [alice, bob] = Chat::new().friends().await;
    let mut bobs = bob.connect().await;
    bobs.stay_awake();
    let mut phone = alice.connect().await;
    bobs.sees_online(&alice, Instant::now()).await;
    let other = alice.another_device().await;
    let mut laptop = other.connect().await;
    laptop.stay_awake();
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    phone.next_close().await;
    bobs.sees_no_presence_until(Instant::now() + times::offline_within()).await;
    other.http.post("/v1/logout", &json!({})).await.no_content();
    bobs.sees_logged_out(&alice, Instant::now()).await;
}
