//! Muted conversations.

use serde_json::{Value, json};
use tests::{Chat, User};

/// A time far in the future.
const FAR_AHEAD_MS: u64 = 32_503_680_000_000;

async fn two_who_talk() -> (User, User, String) {
    let [alice, bob] = Chat::new().users().await;
    alice.connect().await.say(&bob.id, "hello").await;
    let path = format!("/v1/conversations/{}", alice.dm(&bob));
    (alice, bob, path)
}

#[tokio::test]
async fn a_mute_is_shown_in_the_chat_list_of_its_user_alone() {
    let (alice, bob, path) = two_who_talk().await;
    let dm = alice.dm(&bob);
    let changed = alice.http.patch(&path, &json!({"muted_until_ms": FAR_AHEAD_MS})).await.ok();
    assert_eq!(changed["muted_until_ms"], FAR_AHEAD_MS);
    assert_eq!(alice.listed(&dm).await, changed);
    assert!(bob.listed(&dm).await.get("muted_until_ms").is_none());
}

#[tokio::test]
async fn null_and_a_time_in_the_past_end_a_mute() {
    let (alice, bob, path) = two_who_talk().await;
    for end in [Value::Null, json!(0), json!(1)] {
        alice.http.patch(&path, &json!({"muted_until_ms": FAR_AHEAD_MS})).await.ok();
        let changed = alice.http.patch(&path, &json!({"muted_until_ms": end})).await.ok();
        assert!(changed.get("muted_until_ms").is_none(), "{changed}");
        assert_eq!(alice.listed(&alice.dm(&bob)).await, changed);
    }
}

#[tokio::test]
async fn an_empty_change_leaves_the_mute() {
    let (alice, _, path) = two_who_talk().await;
    let muted = alice.http.patch(&path, &json!({"muted_until_ms": FAR_AHEAD_MS})).await.ok();
    assert_eq!(alice.http.patch(&path, &json!({})).await.ok(), muted);
    assert_eq!(alice.http.patch(&path, &json!({"name": "x", "read_seq": 1})).await.ok(), muted);
}

#[tokio::test]
async fn a_muted_conversation_is_still_delivered() {
    let (alice, bob, path) = two_who_talk().await;
    alice.http.patch(&path, &json!({"muted_until_ms": FAR_AHEAD_MS})).await.ok();
    let mut phone = alice.connect().await;
    bob.post_text(&alice.dm(&bob), "still here").await;
    assert_eq!(phone.next("message").await["text"], "still here");
    assert_eq!(alice.listed(&alice.dm(&bob)).await["muted_until_ms"], FAR_AHEAD_MS);
}

#[tokio::test]
async fn a_wrong_time_is_refused() {
    let (alice, bob, path) = two_who_talk().await;
    for time in [json!("tomorrow"), json!(-1), json!(1.5), json!([]), json!(true)] {
        let error =
            alice.http.patch(&path, &json!({"muted_until_ms": time})).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains("muted_until_ms"), "{error}");
    }
    assert!(alice.listed(&alice.dm(&bob)).await.get("muted_until_ms").is_none());
}

#[tokio::test]
async fn a_conversation_that_has_not_begun_cannot_be_muted() {
    let [alice, bob] = Chat::new().users().await;
    let path = format!("/v1/conversations/{}", alice.dm(&bob));
    alice.http.patch(&path, &json!({"muted_until_ms": FAR_AHEAD_MS})).await.refused(404, "not_found");
    assert!(alice.chat_list().await.is_empty());
}
