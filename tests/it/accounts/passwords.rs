//! Passwords and handles in different spellings.

use serde_json::json;
use tests::{Chat, fresh_handle};

#[tokio::test]
async fn a_password_logs_in_in_every_form_that_looks_the_same() {
    for (set, typed) in [
        ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me"),
        ("cafe\u{301} cre\u{300}me", "caf\u{e9} cr\u{e8}me"),
        ("correct\u{a0}horse", "correct horse"),
        ("correct\u{3000}horse", "correct\u{2003}horse"),
        (
            "\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}",
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}\u{d55c}\u{ae00}\u{d55c}\u{ae00}\u{d55c}\u{ae00}",
        ),
    ] {
        let (chat, handle) = (Chat::new(), fresh_handle());
        chat.signup(&json!({"handle": handle, "password": set})).await.with_status(201);
        chat.login(&handle, set).await.ok();
        chat.login(&handle, typed).await.ok();
        chat.login(&handle, "cafe creme").await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn case_width_and_blanks_at_the_ends_of_a_password_count() {
    let (chat, handle) = (Chat::new(), fresh_handle());
    chat.signup(&json!({"handle": handle, "password": "Correct Horse "})).await.with_status(201);
    for typed in ["correct horse ", "Correct Horse", "\u{ff23}orrect Horse ", " Correct Horse "] {
        chat.login(&handle, typed).await.refused(401, "unauthenticated");
    }
    chat.login(&handle, "Correct Horse ").await.ok();
}

#[tokio::test]
async fn a_password_is_counted_in_the_characters_that_it_is_compared_by() {
    let (chat, handle) = (Chat::new(), fresh_handle());
    let long = "e\u{301}".repeat(128);
    chat.signup(&json!({"handle": handle, "password": long})).await.with_status(201);
    chat.login(&handle, &"\u{e9}".repeat(128)).await.ok();
    let short = json!({"handle": fresh_handle(), "password": "e\u{301}".repeat(7)});
    chat.signup(&short).await.refused(400, "bad_request");
}

#[tokio::test]
async fn invisible_characters_are_refused_in_a_new_password() {
    for password in [
        "nul\0password",
        "tab\tpassword",
        "line\npassword",
        "zero\u{200b}width",
        "\u{feff}password",
        "soft\u{ad}hyphen",
    ] {
        let body = json!({"handle": fresh_handle(), "password": password});
        let error = Chat::new().signup(&body).await.refused(400, "bad_request");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("password") && !message.contains(password), "{error}");
    }
}

#[tokio::test]
async fn blanks_around_a_handle_do_not_count() {
    let (chat, handle) = (Chat::new(), fresh_handle());
    let body = json!({"handle": format!(" {handle} "), "password": "correct horse"});
    let session = chat.signup(&body).await.with_status(201);
    let user = chat.user_of(&handle, "correct horse", &session);
    assert_eq!(user.http.get("/v1/me").await.ok()["handle"], handle);
    chat.login(&format!("{handle} "), "correct horse").await.ok();
    assert_eq!(user.http.get(&format!("/v1/users?handle=%20{handle}%20")).await.ok()["user"], user.id);
    let again = json!({"handle": format!("\t{handle}"), "password": "correct horse"});
    chat.signup(&again).await.refused(409, "conflict");
}
