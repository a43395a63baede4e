//! Login.

use serde_json::json;
use tests::{Chat, fresh_handle};

#[tokio::test]
async fn a_user_logs_in_on_several_devices() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    assert_eq!(phone.id, laptop.id);
    assert_ne!(phone.device, laptop.device);
    phone.assert_logged_in().await;
    laptop.assert_logged_in().await;
}

#[tokio::test]
async fn the_case_of_a_handle_does_not_matter() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    assert_eq!(chat.login(&alice.handle.to_uppercase(), &alice.password).await.ok()["user"], alice.id);
}

#[tokio::test]
async fn the_case_of_a_password_does() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    chat.login(&alice.handle, &alice.password.to_uppercase()).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn wrong_handle_and_wrong_password_answer_alike() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    let wrong_password = chat.login(&alice.handle, "wrong horse").await.refused(401, "unauthenticated");
    for (handle, password) in [
        (fresh_handle().as_str(), "correct horse"),
        ("no handle at all!", "correct horse"),
        ("", ""),
        (&alice.handle, "short"),
        (&alice.handle, &"x".repeat(1000)),
    ] {
        let error = chat.login(handle, password).await.refused(401, "unauthenticated");
        assert_eq!(error, wrong_password);
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let http = Chat::new().http;
    for (body, field) in
        [(json!({"password": "correct horse"}), "handle"), (json!({"handle": "abc"}), "password")]
    {
        let error = http.post("/v1/login", &body).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
}

#[tokio::test]
async fn a_login_on_the_same_device_replaces_the_one_before() {
    let before = Chat::new().user().await;
    let mut socket = before.connect().await;
    let after = before.log_in(json!({"id": before.device, "name": "phone"})).await;
    assert_eq!(after.device, before.device);
    socket.next_close().await;
    before.assert_logged_out().await;
    after.assert_logged_in().await;
    let devices = after.http.get("/v1/devices").await.ok();
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1, "{devices}");
    assert_eq!(devices["devices"][0]["name"], "phone");
}

#[tokio::test]
async fn the_device_id_of_somebody_else_does_them_no_harm() {
    let [alice, bob] = Chat::new().users().await;
    let mut socket = alice.connect().await;
    bob.log_in(json!({"id": alice.device})).await.assert_logged_in().await;
    alice.assert_logged_in().await;
    socket.assert_alive().await;
    assert_eq!(alice.http.get("/v1/devices").await.ok()["devices"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_device_id_that_is_none_is_refused() {
    let alice = Chat::new().user().await;
    for id in
        ["", "phone", "dev_", &alice.id, "dev_01ARZ3NDEKTSV4RRFFQ69G5FAVX", "dev_01arz3ndektsv4rrffq69g5fav"]
    {
        let body = json!({"handle": alice.handle, "password": alice.password, "device": {"id": id}});
        Chat::new().http.post("/v1/login", &body).await.refused(400, "bad_request");
    }
}
