//! Refreshes of a login's tokens.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Answer, Chat, User};

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

/// Refreshes the tokens of a device in an attempt with that name.
async fn refresh_as(user: &User, attempt: &str) -> Answer {
    let body = json!({"refresh_token": user.refresh_token, "attempt": attempt});
    user.http.anonymous().post("/v1/token/refresh", &body).await
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_answered_again() {
    for attempt in [None, Some("attempt 1")] {
        let before = Chat::new().user().await;
        let mut socket = before.connect().await;
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(match attempt {
                Some(attempt) => refresh_as(&before, attempt).await.ok(),
                None => before.refresh().await.ok(),
            });
        }
        for answer in &answers {
            assert_eq!((&answer["user"], &answer["device"]), (&json!(before.id), &json!(before.device)));
            before.renewed(answer).assert_logged_in().await;
        }
        socket.assert_alive().await;
        before.renewed(&answers[2]).refresh().await.ok();
    }
}

#[tokio::test]
async fn programs_of_one_device_that_refresh_concurrently_all_stay_logged_in() {
    let alice = Chat::new().user().await;
    let (app, widget) = (refresh_as(&alice, "the app").await, refresh_as(&alice, "a widget").await);
    let (app, widget) = (alice.renewed(&app.ok()), alice.renewed(&widget.ok()));
    app.assert_logged_in().await;
    widget.assert_logged_in().await;
    // A use of the new tokens does not end the minute in which other refreshes are answered.
    let late = alice.renewed(&refresh_as(&alice, "an extension").await.ok());
    late.assert_logged_in().await;
    alice.assert_logged_in().await;

    let bob = Chat::new().user().await;
    let answers = join_all((0..10).map(|n| {
        let bob = bob.clone();
        async move { refresh_as(&bob, &format!("program {n}")).await.ok() }
    }))
    .await;
    for answer in &answers {
        bob.renewed(answer).assert_logged_in().await;
    }
}

#[tokio::test]
async fn using_a_dead_refresh_token_ends_the_session_of_its_device() {
    let before = Chat::new().user().await;
    let after = before.renewed(&before.refresh().await.ok());
    let last = after.renewed(&after.refresh().await.ok());
    let mut socket = last.connect().await;
    before.refresh().await.refused(401, "unauthenticated");
    socket.next_close().await;
    after.assert_logged_out().await;
    last.assert_logged_out().await;
    last.log_in(json!({"id": last.device})).await.assert_logged_in().await;
}

#[tokio::test]
async fn a_dead_refresh_token_is_dead_in_every_attempt() {
    for attempt in ["attempt 1", "attempt 2"] {
        let before = Chat::new().user().await;
        let after = before.renewed(&refresh_as(&before, "attempt 1").await.ok());
        let last = after.renewed(&refresh_as(&after, "attempt 1").await.ok());
        refresh_as(&before, attempt).await.refused(401, "unauthenticated");
        last.assert_logged_out().await;
    }
}

#[tokio::test]
async fn using_a_dead_refresh_token_does_not_affect_other_devices() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    phone.renewed(&phone.refresh().await.ok()).refresh().await.ok();
    phone.refresh().await.refused(401, "unauthenticated");
    laptop.assert_logged_in().await;
    laptop.refresh().await.ok();
}

#[tokio::test]
async fn an_attempt_is_named_in_1_to_64_bytes() {
    let alice = Chat::new().user().await;
    for attempt in ["", &"x".repeat(65), &"ä".repeat(33)] {
        let error = refresh_as(&alice, attempt).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains("attempt"), "{error}");
    }
    for attempt in [json!(7), json!({}), json!([])] {
        let body = json!({"refresh_token": alice.refresh_token, "attempt": attempt});
        alice.http.anonymous().post("/v1/token/refresh", &body).await.refused(400, "bad_request");
    }
    let body = json!({"refresh_token": alice.refresh_token, "attempt": null});
    let alice = alice.renewed(&alice.http.anonymous().post("/v1/token/refresh", &body).await.ok());
    refresh_as(&alice, &"x".repeat(64)).await.ok();
}

#[tokio::test]
async fn an_invalid_refresh_token_is_refused() {
    let alice = Chat::new().user().await;
    for token in ["", "nonsense", "a.b.c", &alice.access_token, &format!("{}x", alice.refresh_token)] {
        let body = json!({"refresh_token": token});
        alice.http.anonymous().post("/v1/token/refresh", &body).await.refused(401, "unauthenticated");
    }
    alice.http.anonymous().post("/v1/token/refresh", &json!({})).await.refused(400, "bad_request");
    alice.refresh().await.ok();
}
