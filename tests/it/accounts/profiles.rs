//! Profiles, a user's own and those of others.

use serde_json::json;
use tests::{Chat, fresh_handle};

#[tokio::test]
async fn a_user_reads_and_changes_their_own_profile() {
    let alice = Chat::new().user().await;
    let me = alice.http.get("/v1/me").await.ok();
    assert_eq!(me, json!({"user": alice.id, "handle": alice.handle, "display_name": alice.handle}));
    let changed = alice.http.patch("/v1/me", &json!({"display_name": "Älice 🙂"})).await.ok();
    assert_eq!(changed["display_name"], "Älice 🙂");
    assert_eq!(alice.http.get("/v1/me").await.ok(), changed);
}

#[tokio::test]
async fn an_avatar_stays_until_it_is_null() {
    let alice = Chat::new().user().await;
    let avatar = "https://example.com/alice.png";
    assert_eq!(alice.http.patch("/v1/me", &json!({"avatar": avatar})).await.ok()["avatar"], avatar);
    let renamed = alice.http.patch("/v1/me", &json!({"display_name": "Alice"})).await.ok();
    assert_eq!((&renamed["avatar"], &renamed["display_name"]), (&avatar.into(), &"Alice".into()));
    let removed = alice.http.patch("/v1/me", &json!({"avatar": null})).await.ok();
    assert!(removed.get("avatar").is_none(), "{removed}");
    assert_eq!(alice.http.get("/v1/me").await.ok(), removed);
}

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let alice = Chat::new().user().await;
    let me = alice.http.get("/v1/me").await.ok();
    assert_eq!(alice.http.patch("/v1/me", &json!({})).await.ok(), me);
    assert_eq!(alice.http.patch("/v1/me", &json!({"handle": "other", "user": "x"})).await.ok(), me);
}

#[tokio::test]
async fn a_wrong_field_is_named_and_changes_nothing() {
    let alice = Chat::new().user().await;
    let me = alice.http.get("/v1/me").await.ok();
    for (body, field) in [
        (json!({"display_name": ""}), "display_name"),
        (json!({"display_name": "x".repeat(65)}), "display_name"),
        (json!({"display_name": 7}), "display_name"),
        (json!({"avatar": "javascript:alert(1)", "display_name": "x"}), "avatar"),
        (json!({"avatar": format!("https://example.com/{}", "x".repeat(10_000))}), "avatar"),
        (json!({"avatar": 7}), "avatar"),
    ] {
        let error = alice.http.patch("/v1/me", &body).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
    assert_eq!(alice.http.get("/v1/me").await.ok(), me);
}

#[tokio::test]
async fn everybody_finds_everybody_by_id_and_by_handle() {
    let [alice, bob] = Chat::new().users().await;
    let alices = alice.http.patch("/v1/me", &json!({"avatar": "https://example.com/a"})).await.ok();
    assert_eq!(bob.http.get(&format!("/v1/users/{}", alice.id)).await.ok(), alices);
    assert_eq!(bob.http.get(&format!("/v1/users?handle={}", alice.handle)).await.ok(), alices);
    assert_eq!(bob.http.get(&format!("/v1/users?handle={}", alice.handle.to_uppercase())).await.ok(), alices);
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let alice = Chat::new().user().await;
    alice.http.get("/v1/users/usr_01ARZ3NDEKTSV4RRFFQ69G5FAV").await.refused(404, "not_found");
    alice.http.get(&format!("/v1/users?handle={}", fresh_handle())).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_invalid_id_is_refused() {
    let alice = Chat::new().user().await;
    for id in ["alice", "usr_", "usr_x", &alice.device, &alice.id.to_lowercase(), "usr_%F0%9F%99%82"] {
        alice.http.get(&format!("/v1/users/{id}")).await.refused(400, "bad_request");
    }
}
