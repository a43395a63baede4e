//! Signup.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Chat, fresh_handle};

async fn sign_up(handle: &str, password: &str) -> Answer {
    Chat::new().signup(&json!({"handle": handle, "password": password})).await
}

#[tokio::test]
async fn signing_up_gives_a_session_that_works() {
    let alice = Chat::new().user().await;
    assert!(alice.id.starts_with("usr_") && alice.device.starts_with("dev_"), "{alice:?}");
    alice.assert_logged_in().await;
    alice.refresh().await.ok();
}

#[tokio::test]
async fn a_handle_in_use_is_refused_whatever_its_case() {
    let alice = Chat::new().user().await;
    sign_up(&alice.handle, "another password").await.refused(409, "conflict");
    sign_up(&alice.handle.to_uppercase(), "another password").await.refused(409, "conflict");
    Chat::new().login(&alice.handle, &alice.password).await.ok();
}

#[tokio::test]
async fn a_handle_is_shown_in_lower_case() {
    let (chat, handle) = (Chat::new(), fresh_handle());
    let upper = handle.to_uppercase();
    let session = sign_up(&upper, "correct horse").await.with_status(201);
    let user = chat.user_of(&upper, "correct horse", &session);
    assert_eq!(user.http.get("/v1/me").await.ok()["handle"], handle);
}

#[tokio::test]
async fn of_concurrent_signups_for_one_handle_one_wins() {
    let handle = fresh_handle();
    let answers = join_all((0..5).map(|n| {
        let handle = handle.clone();
        async move { sign_up(&handle, &format!("password {n}")).await }
    }))
    .await;
    let (won, lost): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1);
    lost.into_iter().for_each(|answer| drop(answer.refused(409, "conflict")));
}

#[tokio::test]
async fn handles_of_other_lengths_or_letters_are_refused() {
    for handle in ["", "ab", "a b", "älice", "a-b-c", "a.b", "a\u{0}b", "ａｂｃ", "ab ", &"a".repeat(33)]
    {
        let error = sign_up(handle, "correct horse").await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains("handle"), "{error}");
    }
}

#[tokio::test]
async fn a_handle_may_have_32_characters() {
    let handle = format!("{}_{}", fresh_handle(), "z".repeat(10));
    assert_eq!(handle.len(), 32);
    sign_up(&handle, "correct horse").await.with_status(201);
}

#[tokio::test]
async fn a_password_of_8_to_128_characters_logs_in() {
    for password in ["12345678", "pässwörd", &"x".repeat(128), &"🙂".repeat(128), "  \"\\' x  "] {
        let handle = fresh_handle();
        sign_up(&handle, password).await.with_status(201);
        Chat::new().login(&handle, password).await.ok();
    }
}

#[tokio::test]
async fn a_password_is_counted_in_characters() {
    for password in ["", "1234567", "äöüäöüä", "🙂🙂🙂🙂🙂🙂🙂", &"x".repeat(129), &"ä".repeat(129)]
    {
        let error = sign_up(&fresh_handle(), password).await.refused(400, "bad_request");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("password"), "{error}");
        assert!(password.is_empty() || !message.contains(password), "the password is in the error: {error}");
    }
}

#[tokio::test]
async fn a_password_counts_to_its_last_character() {
    let (chat, handle) = (Chat::new(), fresh_handle());
    let password = "ä".repeat(127) + "b";
    sign_up(&handle, &password).await.with_status(201);
    chat.login(&handle, &("ä".repeat(127) + "c")).await.refused(401, "unauthenticated");
    chat.login(&handle, &password).await.ok();
}

#[tokio::test]
async fn the_display_name_is_the_handle_unless_there_is_one() {
    let (chat, handle) = (Chat::new(), fresh_handle());
    let nameless = chat.user().await;
    assert_eq!(nameless.http.get("/v1/me").await.ok()["display_name"], nameless.handle);
    let body = json!({"handle": handle, "password": "correct horse", "display_name": "Änn 🙂"});
    let session = chat.signup(&body).await.with_status(201);
    let user = chat.user_of(&handle, "correct horse", &session);
    assert_eq!(user.http.get("/v1/me").await.ok()["display_name"], "Änn 🙂");
}

#[tokio::test]
async fn a_display_name_has_1_to_64_characters() {
    let sign_up = async |name: &str| {
        let body = json!({"handle": fresh_handle(), "password": "correct horse", "display_name": name});
        Chat::new().signup(&body).await
    };
    sign_up(&"🙂".repeat(64)).await.with_status(201);
    for name in ["", &"x".repeat(65)] {
        let error = sign_up(name).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains("display_name"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_or_wrong_field_is_named() {
    for (body, field) in [
        (json!({"password": "correct horse"}), "handle"),
        (json!({"handle": fresh_handle()}), "password"),
        (json!({"handle": 7, "password": "correct horse"}), "handle"),
        (json!({"handle": fresh_handle(), "password": null}), "password"),
        (json!({"handle": fresh_handle(), "password": "correct horse", "device": "phone"}), "device"),
        (json!({"handle": fresh_handle(), "password": "correct horse", "device": {"name": 7}}), "name"),
    ] {
        let error = Chat::new().signup(&body).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let body =
        json!({"handle": fresh_handle(), "password": "correct horse", "shoe_size": 43, "device": {"x": []}});
    let session: Value = Chat::new().signup(&body).await.with_status(201);
    assert!(session["user"].is_string());
}
