//! Logout.

use serde_json::json;
use tests::{Chat, Socket};

#[tokio::test]
async fn logging_out_kills_the_tokens_of_this_device() {
    let alice = Chat::new().user().await;
    let ticket_url = alice.ticket_url().await;
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    alice.assert_logged_out().await;
    let refused = Socket::try_open(&ticket_url, None).await.unwrap_err();
    assert!([401, 403].contains(&refused), "{refused}");
}

#[tokio::test]
async fn logging_out_closes_the_sockets_of_this_device() {
    let alice = Chat::new().user().await;
    let (mut one, mut other) = (alice.connect().await, alice.connect().await);
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    one.next_close().await;
    other.next_close().await;
}

#[tokio::test]
async fn logging_out_does_not_affect_other_devices() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    let mut socket = laptop.connect().await;
    phone.http.post("/v1/logout", &json!({})).await.no_content();
    laptop.assert_logged_in().await;
    socket.assert_alive().await;
}

#[tokio::test]
async fn nobody_is_logged_out_twice() {
    let alice = Chat::new().user().await;
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    alice.http.post("/v1/logout", &json!({})).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_device_that_was_logged_out_logs_in_again() {
    let before = Chat::new().user().await;
    before.http.post("/v1/logout", &json!({})).await.no_content();
    let after = before.log_in(json!({"id": before.device})).await;
    assert_eq!(after.device, before.device);
    after.assert_logged_in().await;
    before.assert_logged_out().await;
    after.connect().await.assert_alive().await;
}
