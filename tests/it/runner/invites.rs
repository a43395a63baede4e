//! Invites and the signup modes.

use std::process::Stdio;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::runner::{Runner, TempDir, beside, run};
use tests::{Answer, Chat, fresh_handle};
use tokio::io::AsyncWriteExt;

/// Runs `confab-invite` as `cargo xtask invite` does; returns its stdout, or its stderr if it fails.
async fn invite(secret: &str, args: &[&str]) -> Result<String, String> {
    let mut child = tokio::process::Command::new(beside("confab-invite"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that is refused for its flags may end before it has read the secret.
    let _ = child.stdin.take().unwrap().write_all(secret.as_bytes()).await;
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

async fn invite_to(data: &TempDir, args: &[&str]) -> String {
    let secret = std::fs::read_to_string(data.path().join("signing-secret")).unwrap();
    invite(&secret, args).await.unwrap()
}

async fn sign_up(chat: &Chat, handle: &str, invite: Value) -> Answer {
    chat.signup(&json!({"handle": handle, "password": "correct horse", "invite": invite})).await
}

async fn by_mode(data: &TempDir, mode: &str) -> Runner {
    Runner::start(&["--data", data.path().to_str().unwrap(), "--signup", mode]).await
}

#[tokio::test]
async fn an_invite_is_valid_for_its_number_of_signups() {
    let data = TempDir::new();
    let confab = by_mode(&data, "invite").await;
    let chat = confab.chat();
    let codes = [invite_to(&data, &[]).await, invite_to(&data, &["--uses", "3", "--days", "30"]).await];
    let handle = fresh_handle();
    sign_up(&chat, &handle, json!(format!(" {} ", codes[0]))).await.with_status(201);
    sign_up(&chat, &fresh_handle(), json!(codes[0])).await.refused(403, "forbidden");
    // A handle that is taken does not use up the invite.
    sign_up(&chat, &handle, json!(codes[1])).await.refused(409, "conflict");
    let answers = join_all((0..8).map(|_| {
        let (chat, code) = (chat.clone(), json!(codes[1]));
        async move { sign_up(&chat, &fresh_handle(), code).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    answers.into_iter().filter(|answer| answer.status != 201).for_each(|answer| {
        answer.refused(403, "forbidden");
    });
    chat.login(&handle, "correct horse").await.ok();

    // The count survives a restart.
    confab.kill().await;
    let confab = by_mode(&data, "invite").await;
    sign_up(&confab.chat(), &fresh_handle(), json!(codes[1])).await.refused(403, "forbidden");
}

#[tokio::test]
async fn without_a_good_invite_nobody_signs_up() {
    let data = TempDir::new();
    let confab = by_mode(&data, "invite").await;
    let chat = confab.chat();
    let foreign = invite("a secret of somebody else, long enough", &[]).await.unwrap();
    let code = invite_to(&data, &[]).await;
    let forged = format!("{}A", &code[..code.len() - 1]);
    for wrong in [Value::Null, json!(""), json!("nonsense"), json!(foreign), json!(forged)] {
        if wrong == json!(code) {
            continue;
        }
        sign_up(&chat, &fresh_handle(), wrong).await.refused(403, "forbidden");
    }
    let body = json!({"handle": fresh_handle(), "password": "correct horse"});
    chat.signup(&body).await.refused(403, "forbidden");
    sign_up(&chat, &fresh_handle(), json!(7)).await.refused(400, "bad_request");
    let handle = fresh_handle();
    let session = sign_up(&chat, &handle, json!(code)).await.with_status(201);
    let user = chat.user_of(&handle, "correct horse", &session);
    // A token of another kind is no invite either.
    for token in [&user.access_token, &user.refresh_token] {
        sign_up(&chat, &fresh_handle(), json!(token)).await.refused(403, "forbidden");
    }
    user.http.with_token(&code).get("/v1/me").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn where_signing_up_is_closed_no_invite_helps_and_users_go_on() {
    let data = TempDir::new();
    let confab = by_mode(&data, "open").await;
    let alice = confab.chat().user().await;
    sign_up(&confab.chat(), &fresh_handle(), json!("whatever")).await.with_status(201);
    confab.kill().await;
    let confab = by_mode(&data, "closed").await;
    let code = invite_to(&data, &[]).await;
    for invite in [json!(code), Value::Null] {
        sign_up(&confab.chat(), &fresh_handle(), invite.clone()).await.refused(403, "forbidden");
        // A user who may not sign up does not learn whether a handle is taken.
        sign_up(&confab.chat(), &alice.handle, invite).await.refused(403, "forbidden");
    }
    confab.chat().login(&alice.handle, &alice.password).await.ok();
}

#[tokio::test]
async fn an_invite_is_not_made_by_bad_flags_or_secrets() {
    for args in [&["--uses", "0"][..], &["--days", "0"], &["--days", "366"], &["--uses=-1"], &["x"]] {
        invite("a secret of the tests, long enough to sign", args).await.unwrap_err();
    }
    let error = invite("short", &[]).await.unwrap_err();
    assert!(error.contains("32 bytes"), "{error}");
    for mode in ["", "Open", "invites"] {
        assert_eq!(run(&["--memory", "--signup", mode]).await.status.code(), Some(2));
    }
}
