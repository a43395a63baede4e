//! Friendship: two users who have put each other into their contacts.

use http::Method;
use serde_json::json;
use tests::{Chat, User};

const NOBODY: &str = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV";

fn path(user: &User) -> String {
    format!("/v1/contacts/{}", user.id)
}

#[tokio::test]
async fn a_new_user_has_no_contacts() {
    let alice = Chat::new().user().await;
    let page = alice.http.get("/v1/contacts").await.ok();
    assert_eq!(page, json!({"contacts": [], "requests": [], "requested": []}));
}

#[tokio::test]
async fn two_users_are_friends_once_both_have_added_each_other() {
    let [alice, bob] = Chat::new().users().await;
    let answer = alice.put_contact(&bob).await.ok();
    assert_eq!(answer, json!({"user": bob.id, "friends": false}));
    alice.assert_contacts(&[], &[], &[&bob]).await;
    bob.assert_contacts(&[], &[&alice], &[]).await;

    let answer = bob.put_contact(&alice).await.ok();
    assert_eq!(answer, json!({"user": alice.id, "friends": true}));
    alice.assert_contacts(&[&bob], &[], &[]).await;
    bob.assert_contacts(&[&alice], &[], &[]).await;
}

#[tokio::test]
async fn a_body_is_not_needed_and_not_read() {
    let [alice, bob] = Chat::new().users().await;
    alice.http.put(&path(&bob), &json!({})).await.ok();
    bob.http.send(Method::PUT, &path(&alice), "").await.ok();
    alice.assert_contacts(&[&bob], &[], &[]).await;
}

#[tokio::test]
async fn adding_a_contact_again_changes_nothing() {
    let [alice, bob] = Chat::new().users().await;
    for _ in 0..3 {
        assert_eq!(alice.put_contact(&bob).await.ok()["friends"], false);
    }
    alice.assert_contacts(&[], &[], &[&bob]).await;
    bob.put_contact(&alice).await.ok();
    for _ in 0..3 {
        assert_eq!(alice.put_contact(&bob).await.ok()["friends"], true);
    }
    alice.assert_contacts(&[&bob], &[], &[]).await;
    bob.assert_contacts(&[&alice], &[], &[]).await;
}

#[tokio::test]
async fn friendships_of_one_user_are_apart() {
    let [alice, bob, carol, dave] = Chat::new().users().await;
    alice.befriend(&bob).await;
    carol.put_contact(&alice).await.ok();
    alice.put_contact(&dave).await.ok();
    alice.assert_contacts(&[&bob], &[&carol], &[&dave]).await;
    bob.assert_contacts(&[&alice], &[], &[]).await;
    carol.assert_contacts(&[], &[], &[&alice]).await;
    dave.assert_contacts(&[], &[&alice], &[]).await;
}

#[tokio::test]
async fn a_user_cannot_add_themselves_or_an_unknown_user() {
    let alice = Chat::new().user().await;
    alice.put_contact(&alice).await.refused(400, "bad_request");
    let path = format!("/v1/contacts/{NOBODY}");
    alice.http.put(&path, &json!({})).await.refused(404, "not_found");
    alice.http.delete(&path).await.no_content();
    alice.assert_contacts(&[], &[], &[]).await;
}

#[tokio::test]
async fn an_invalid_user_is_refused() {
    let alice = Chat::new().user().await;
    for id in ["alice", "usr_", "usr_x", &alice.device, &alice.id.to_lowercase(), "usr_%F0%9F%99%82"] {
        let path = format!("/v1/contacts/{id}");
        alice.http.put(&path, &json!({})).await.refused(400, "bad_request");
        alice.http.delete(&path).await.refused(400, "bad_request");
    }
    alice.assert_contacts(&[], &[], &[]).await;
}

#[tokio::test]
async fn contacts_need_a_login() {
    let [alice, bob] = Chat::new().users().await;
    let stranger = alice.http.anonymous();
    stranger.get("/v1/contacts").await.refused(401, "unauthenticated");
    stranger.put(&path(&bob), &json!({})).await.refused(401, "unauthenticated");
    stranger.delete(&path(&bob)).await.refused(401, "unauthenticated");
    bob.assert_contacts(&[], &[], &[]).await;
}
