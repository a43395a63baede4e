//! Consent of users to being added to a group.

use serde_json::{Value, json};
use tests::{Answer, Chat, User};

/// Checks that a user cannot be added, and returns the entry of the answer for them.
#[track_caller]
fn cannot_be_added(answer: Answer, user: &User) -> Value {
    let mut error = answer.refused(403, "forbidden");
    assert_eq!(error["users"], json!([user.id]), "{error}");
    error["users"] = Value::Null;
    error
}

async fn accept_adds(user: &User, group: &str) -> Answer {
    user.http.patch(&format!("/v1/conversations/{group}"), &json!({"accept_adds": true})).await
}

#[tokio::test]
async fn a_user_who_has_left_a_group_can_be_added_again_by_friends_only() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    alice.put_member(&group, &carol, Some("admin")).await.ok();
    bob.leave(&group).await;
    let before = alice.log(&group).await;
    for admin in [&alice, &carol] {
        cannot_be_added(admin.put_member(&group, &bob, None).await, &bob);
    }
    assert_eq!(alice.log(&group).await, before, "the refusals leave no entry");
    bob.assert_not_listed(&group).await;

    bob.befriend(&carol).await;
    cannot_be_added(alice.put_member(&group, &bob, None).await, &bob);
    carol.put_member(&group, &bob, None).await.ok();
    assert_eq!(bob.roles(&group).await.len(), 3);
}

#[tokio::test]
async fn a_user_who_was_removed_may_be_added_again() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.remove_member(&group, &bob).await.no_content();
    alice.put_member(&group, &bob, None).await.ok();
    // An earlier leave does not count after a removal by others.
    bob.leave(&group).await;
    accept_adds(&bob, &group).await.ok();
    alice.put_member(&group, &bob, None).await.ok();
    alice.remove_member(&group, &bob).await.no_content();
    alice.put_member(&group, &bob, None).await.ok();
}

#[tokio::test]
async fn a_user_who_has_left_may_allow_being_added_again() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.post_text(&group, "see you").await;
    bob.leave(&group).await;
    alice.post_text(&group, "he has gone").await;
    for _ in 0..2 {
        let seen = accept_adds(&bob, &group).await.ok();
        assert_eq!((&seen["conversation"], &seen["last_seq"]), (&json!(group), &json!(3)), "{seen}");
        assert_eq!((&seen["unread_count"], seen.get("last_message")), (&json!(0), None), "{seen}");
    }
    bob.assert_not_listed(&group).await;
    alice.put_member(&group, &bob, None).await.ok();
    assert_eq!(accept_adds(&bob, &group).await.ok(), bob.listed(&group).await);
    bob.leave(&group).await;
    cannot_be_added(alice.put_member(&group, &bob, None).await, &bob);
}

#[tokio::test]
async fn a_read_mark_is_kept_for_a_user_who_is_added_again() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    for text in ["two", "three"] {
        alice.post_text(&group, text).await;
    }
    bob.connect().await.ask(json!({"action": "read", "conversation": group, "seq": 2})).await;
    bob.leave(&group).await;
    let seen = accept_adds(&bob, &group).await.ok();
    assert_eq!((&seen["last_seq"], &seen["read_seq"]), (&json!(4), &json!(2)), "{seen}");
    alice.put_member(&group, &bob, None).await.ok();
    assert_eq!(bob.listed(&group).await["read_seq"], 2);
}

#[tokio::test]
async fn a_user_can_allow_being_added_only_to_groups_that_they_were_in() {
    let [alice, bob, eve] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    accept_adds(&eve, &group).await.refused(403, "forbidden");
    accept_adds(&eve, &alice.dm(&eve)).await.refused(400, "bad_request");
    let path = format!("/v1/conversations/{group}");
    bob.http.patch(&path, &json!({"accept_adds": false})).await.refused(400, "bad_request");
    bob.http.patch(&path, &json!({"accept_adds": "yes"})).await.refused(400, "bad_request");
}

#[tokio::test]
async fn a_refused_permission_to_be_added_allows_nothing() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let path = format!("/v1/conversations/{group}");
    bob.leave(&group).await;
    for until in [json!(null), json!(0), json!(4_000_000_000_000_u64)] {
        let muted = json!({"accept_adds": true, "muted_until_ms": until});
        bob.http.patch(&path, &muted).await.refused(403, "forbidden");
    }
    let too_late = json!({"accept_adds": true, "muted_until_ms": u64::MAX});
    bob.http.patch(&path, &too_late).await.refused(400, "bad_request");
    cannot_be_added(alice.put_member(&group, &bob, None).await, &bob);
    accept_adds(&bob, &group).await.ok();
    alice.put_member(&group, &bob, None).await.ok();
}

#[tokio::test]
async fn a_user_can_choose_to_be_added_by_friends_only() {
    let [alice, bob, carol] = Chat::new().users().await;
    assert!(
        alice.http.get("/v1/me").await.ok().get("group_adds").is_none(),
        "everyone, unless they say otherwise"
    );
    let changed = alice.http.patch("/v1/me", &json!({"group_adds": "friends"})).await.ok();
    assert_eq!((&changed["group_adds"], &changed["user"]), (&json!("friends"), &json!(alice.id)));
    assert_eq!(alice.http.get("/v1/me").await.ok(), changed);
    assert!(bob.http.get(&format!("/v1/users/{}", alice.id)).await.ok().get("group_adds").is_none());

    let by_setting = cannot_be_added(bob.post_group("Climbing", &[&alice, &carol]).await, &alice);
    let group = bob.create_group(&[&carol]).await;
    cannot_be_added(bob.put_member(&group, &alice, None).await, &alice);
    carol.block(&bob).await;
    let by_block = cannot_be_added(bob.post_group("Climbing", &[&carol]).await, &carol);
    assert_eq!(by_setting, by_block, "both refusals look the same");

    alice.befriend(&bob).await;
    bob.put_member(&group, &alice, None).await.ok();
    alice.create_group(&[]).await;
    let everyone = alice.http.patch("/v1/me", &json!({"group_adds": "everyone"})).await.ok();
    assert!(everyone.get("group_adds").is_none(), "{everyone}");
    carol.create_group(&[&alice]).await;
    alice.http.patch("/v1/me", &json!({"group_adds": "nobody"})).await.refused(400, "bad_request");
}
