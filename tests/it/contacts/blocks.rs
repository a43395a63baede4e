//! Blocks, and what they hide.

use http::Method;
use serde_json::json;
use tests::{Chat, User, ids};

const NOBODY: &str = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV";

fn path(user: &User) -> String {
    format!("/v1/blocks/{}", user.id)
}

#[tokio::test]
async fn the_list_of_blocks_shows_profiles_and_times() {
    let [alice, bob, carol] = Chat::new().users().await;
    assert_eq!(alice.http.get("/v1/blocks").await.ok(), json!({"blocks": []}));
    bob.http.patch("/v1/me", &json!({"avatar": "https://example.com/bob"})).await.ok();
    alice.block(&bob).await;
    alice.block(&carol).await;
    let mut blocks = alice.blocks().await;
    let mut expected = [bob.profile().await, carol.profile().await];
    blocks.sort_by_key(|row| row["user"].to_string());
    expected.sort_by_key(|row| row["user"].to_string());
    for (row, profile) in blocks.iter_mut().zip(&expected) {
        let at = row.as_object_mut().unwrap().remove("blocked_at_ms");
        assert!(at.and_then(|at| at.as_u64()) > Some(0), "{row}");
        assert_eq!(row, profile);
    }
    assert_eq!(blocks.len(), expected.len());
    assert!(bob.blocks().await.is_empty());
}

#[tokio::test]
async fn blocking_and_unblocking_again_changes_nothing() {
    let [alice, bob] = Chat::new().users().await;
    alice.unblock(&bob).await;
    alice.block(&bob).await;
    alice.block(&bob).await;
    assert_eq!(ids(&alice.blocks().await), [bob.id.as_str()]);
    alice.unblock(&bob).await;
    alice.unblock(&bob).await;
    assert!(alice.blocks().await.is_empty());
}

#[tokio::test]
async fn a_body_is_not_needed_and_not_read() {
    let [alice, bob, carol] = Chat::new().users().await;
    alice.http.put(&path(&bob), &json!({})).await.no_content();
    alice.http.send(Method::PUT, &path(&carol), "").await.no_content();
    assert_eq!(alice.blocks().await.len(), 2);
}

#[tokio::test]
async fn a_user_cannot_block_themselves_or_an_unknown_user() {
    let alice = Chat::new().user().await;
    alice.http.put(&path(&alice), &json!({})).await.refused(400, "bad_request");
    let path = format!("/v1/blocks/{NOBODY}");
    alice.http.put(&path, &json!({})).await.refused(404, "not_found");
    alice.http.delete(&path).await.no_content();
    assert!(alice.blocks().await.is_empty());
}

#[tokio::test]
async fn an_invalid_user_is_refused() {
    let alice = Chat::new().user().await;
    for id in ["alice", "usr_", "usr_x", &alice.device, &alice.id.to_lowercase()] {
        let path = format!("/v1/blocks/{id}");
        alice.http.put(&path, &json!({})).await.refused(400, "bad_request");
        alice.http.delete(&path).await.refused(400, "bad_request");
    }
    assert!(alice.blocks().await.is_empty());
}

#[tokio::test]
async fn blocks_need_a_login() {
    let [alice, bob] = Chat::new().users().await;
    alice.block(&bob).await;
    let stranger = alice.http.anonymous();
    stranger.get("/v1/blocks").await.refused(401, "unauthenticated");
    stranger.put(&path(&bob), &json!({})).await.refused(401, "unauthenticated");
    stranger.delete(&path(&bob)).await.refused(401, "unauthenticated");
    assert_eq!(alice.blocks().await.len(), 1);
}

#[tokio::test]
async fn a_user_who_blocks_does_not_see_the_blocked_user_in_any_list() {
    let [alice, bob, carol, dave, erin] = Chat::new().users().await;
    alice.befriend(&bob).await;
    carol.put_contact(&alice).await.ok();
    alice.put_contact(&dave).await.ok();
    alice.befriend(&erin).await;
    for user in [&bob, &carol, &dave] {
        alice.block(user).await;
    }
    alice.assert_contacts(&[&erin], &[], &[]).await;
    for user in [&bob, &carol, &dave] {
        alice.unblock(user).await;
    }
    alice.assert_contacts(&[&bob, &erin], &[&carol], &[&dave]).await;
}

#[tokio::test]
async fn the_blocked_sees_a_friend_who_is_offline() {
    let [alice, bob] = Chat::new().friends().await;
    let mut phone = alice.connect().await;
    phone.assert_alive().await;
    let before = bob.contact(&alice).await;
    assert_eq!(before["status"], "online");
    alice.block(&bob).await;
    let row = bob.contact(&alice).await;
    assert_eq!(row["status"], "offline", "{row}");
    assert!(
        row["last_active_at_ms"].as_u64() >= before["last_active_at_ms"].as_u64(),
        "{row} after {before}"
    );
    phone.assert_alive().await;
    assert_eq!(bob.contact(&alice).await, row, "the time shown is the time of the block");
    bob.assert_contacts(&[&alice], &[], &[]).await;
    assert!(bob.blocks().await.is_empty());
    phone.assert_alive().await;
    alice.unblock(&bob).await;
    assert_eq!(bob.contact(&alice).await["status"], "online");
}

#[tokio::test]
async fn a_request_of_a_blocked_user_is_answered_as_always_and_not_shown() {
    let [alice, bob, carol] = Chat::new().users().await;
    alice.block(&bob).await;
    assert_eq!(bob.put_contact(&alice).await.ok(), json!({"user": alice.id, "friends": false}));
    bob.assert_contacts(&[], &[], &[&alice]).await;
    alice.assert_contacts(&[], &[], &[]).await;
    alice.befriend(&carol).await;
    alice.block(&carol).await;
    assert_eq!(carol.put_contact(&alice).await.ok(), json!({"user": alice.id, "friends": true}));
    alice.assert_contacts(&[], &[], &[]).await;
    alice.unblock(&bob).await;
    alice.assert_contacts(&[], &[&bob], &[]).await;
}

#[tokio::test]
async fn a_friendship_that_ends_during_a_block_stays_ended_after_it() {
    let [alice, bob] = Chat::new().friends().await;
    alice.block(&bob).await;
    bob.remove_contact(&alice).await;
    alice.unblock(&bob).await;
    alice.assert_contacts(&[], &[], &[&bob]).await;
    bob.assert_contacts(&[], &[], &[]).await;
}
