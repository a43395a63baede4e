//! Limits on login attempts.

use serde_json::json;
use tests::{Chat, User};

async fn fail_ten_times(chat: &Chat, user: &User) {
    for _ in 0..10 {
        chat.login(&user.handle, "wrong horse").await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn after_ten_failed_logins_the_right_password_has_to_wait_too() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    fail_ten_times(&chat, &alice).await;
    let answer = chat.login(&alice.handle, &alice.password).await;
    let retry_after = answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
    let retry_after_ms = answer.refused(429, "rate_limited")["retry_after_ms"].as_u64().unwrap();
    assert_eq!(retry_after, retry_after_ms.div_ceil(1000));
    chat.login(&alice.handle.to_uppercase(), &alice.password).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn failed_logins_of_others_do_not_count() {
    let (chat, [alice, bob]) = (Chat::new(), Chat::new().users().await);
    fail_ten_times(&chat, &alice).await;
    chat.login(&bob.handle, &bob.password).await.ok();
    alice.assert_logged_in().await;
}

#[tokio::test]
async fn failed_logins_of_unknown_handles_are_counted_alike() {
    let (chat, handle) = (Chat::new(), tests::fresh_handle());
    for _ in 0..10 {
        chat.login(&handle, "wrong horse").await.refused(401, "unauthenticated");
    }
    chat.login(&handle, "wrong horse").await.refused(429, "rate_limited");
}

#[tokio::test]
async fn logins_that_succeed_do_not_count() {
    let alice = Chat::new().user().await;
    for _ in 0..12 {
        alice.log_in(json!({"id": alice.device})).await;
    }
}
