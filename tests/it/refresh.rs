//! Renewing a login's tokens.

use futures_util::future::join_all;
use serde_json::json;
use tests::Chat;

#[tokio::test]
async fn refreshing_gives_new_tokens_for_the_same_device() {
    let before = Chat::new().user().await;
    let mut socket = before.connect().await;
    let after = before.renewed(&before.refresh().await.ok());
    assert_eq!((&after.id, &after.device), (&before.id, &before.device));
    assert_ne!(after.refresh_token, before.refresh_token);
    after.assert_logged_in().await;
    socket.assert_alive().await;
    after.renewed(&after.refresh().await.ok()).assert_logged_in().await;
}

#[tokio::test]
async fn using_a_dead_refresh_token_ends_the_session_of_its_device() {
    let before = Chat::new().user().await;
    let after = before.renewed(&before.refresh().await.ok());
    let mut socket = after.connect().await;
    before.refresh().await.refused(401, "unauthenticated");
    socket.next_close().await;
    after.assert_logged_out().await;
    after.log_in(json!({"id": after.device})).await.assert_logged_in().await;
}

#[tokio::test]
async fn using_a_dead_refresh_token_leaves_other_devices_alone() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    phone.refresh().await.ok();
    phone.refresh().await.refused(401, "unauthenticated");
    laptop.assert_logged_in().await;
    laptop.refresh().await.ok();
}

#[tokio::test]
async fn of_concurrent_uses_of_one_refresh_token_one_succeeds() {
    let alice = Chat::new().user().await;
    let answers = join_all((0..10).map(|_| alice.refresh())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    answers.into_iter().filter(|answer| answer.status != 200).for_each(|answer| {
        answer.refused(401, "unauthenticated");
    });
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let alice = Chat::new().user().await;
    for token in ["", "nonsense", "a.b.c", &alice.access_token, &format!("{}x", alice.refresh_token)] {
        let body = json!({"refresh_token": token});
        alice.http.anonymous().post("/v1/token/refresh", &body).await.refused(401, "unauthenticated");
    }
    alice.http.anonymous().post("/v1/token/refresh", &json!({})).await.refused(400, "bad_request");
    alice.refresh().await.ok();
}
