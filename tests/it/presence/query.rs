//! Presence queries.

use serde_json::{Value, json};
use tests::{Chat, User, ids};
use tokio::time::Instant;

const NOBODY: &str = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Well-formed ids, each different.
fn some_ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("usr_01ARZ3NDEKTSV4RRFFQ69G5{n:03}")).collect()
}

fn of(users: &[&User]) -> Vec<String> {
    users.iter().map(|user| user.id.clone()).collect()
}

#[tokio::test]
async fn a_user_sees_themselves_friends_and_members_of_their_groups() {
    let [alice, friend, member, stranger] = Chat::new().users().await;
    alice.befriend(&friend).await;
    let group = alice.create_group(&[&member]).await;
    member.post_text(&group, "hello").await;
    alice.post_text(&alice.dm(&stranger), "hello").await;
    let mut phone = alice.connect().await;
    let mut friends = friend.connect().await;
    friends.assert_alive().await;
    let rows = phone.presence_of(&[&member, &stranger, &friend, &alice]).await;
    assert_eq!(ids(&rows), of(&[&member, &friend, &alice]));
    let statuses: Vec<&Value> = rows.iter().map(|row| &row["status"]).collect();
    assert_eq!(statuses, ["offline", "online", "online"]);
}

#[tokio::test]
async fn the_answer_has_each_user_once_in_the_order_of_the_query() {
    let [alice, bob, carol, dave] = Chat::new().friends().await;
    let mut phone = alice.connect().await;
    let rows = phone.presence_of(&[&dave, &bob, &dave, &alice, &bob, &carol]).await;
    assert_eq!(ids(&rows), of(&[&dave, &bob, &alice, &carol]));
    let rows = phone.presence_of(&[&carol, &alice, &bob]).await;
    assert_eq!(ids(&rows), of(&[&carol, &alice, &bob]));
    let rows = phone.presence_of(&[&bob; 100]).await;
    assert_eq!(ids(&rows), of(&[&bob]));
}

#[tokio::test]
async fn a_user_who_never_connected_was_last_active_at_0() {
    let [alice, bob] = Chat::new().friends().await;
    let mut phone = alice.connect().await;
    let rows = phone.presence_of(&[&bob]).await;
    assert_eq!(rows, [json!({"user": bob.id, "status": "offline", "last_active_at_ms": 0})]);
}

#[tokio::test]
async fn an_offline_user_was_last_active_at_their_last_frame() {
    let [alice, bob] = Chat::new().friends().await;
    let mut phone = alice.connect().await;
    phone.stay_awake();
    let mut bobs = bob.connect().await;
    phone.sees_online(&bob, Instant::now()).await;
    let last = Instant::now();
    let beat = bobs.assert_alive().await["server_at_ms"].as_u64().unwrap();
    bobs.cut();
    phone.sees_offline(&bob, last).await;
    let row = phone.presence_of(&[&bob]).await.remove(0);
    assert_eq!(row["status"], "offline");
    assert!(row["last_active_at_ms"].as_u64().unwrap().abs_diff(beat) < 2_000, "{row} at {beat}");
}

#[tokio::test]
async fn a_friend_request_shows_no_presence_yet() {
    let [alice, bob] = Chat::new().users().await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    alice.put_contact(&bob).await.ok();
    assert_eq!((alices.status_of(&bob).await, bobs.status_of(&alice).await), (None, None));
    bob.put_contact(&alice).await.ok();
    assert_eq!(alices.status_of(&bob).await.as_deref(), Some("online"));
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("online"));
    bob.remove_contact(&alice).await;
    assert_eq!((alices.status_of(&bob).await, bobs.status_of(&alice).await), (None, None));
}

#[tokio::test]
async fn a_user_who_has_left_a_group_is_left_out() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    for member in [&alice, &bob, &carol] {
        member.post_text(&group, "hello").await;
    }
    let mut phone = alice.connect().await;
    let mut bobs = bob.connect().await;
    assert_eq!(ids(&phone.presence_of(&[&bob, &carol]).await), of(&[&bob, &carol]));
    bob.leave(&group).await;
    assert_eq!(ids(&phone.presence_of(&[&bob, &carol]).await), of(&[&carol]));
    assert!(bobs.presence_of(&[&alice, &carol]).await.is_empty());
    alice.delete_group(&group).await.no_content();
    assert!(phone.presence_of(&[&bob, &carol]).await.is_empty());
}

#[tokio::test]
async fn of_a_member_who_has_written_the_status_alone_is_answered() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut bobs = bob.connect().await;
    let mut alices = alice.connect().await;
    assert!(alices.presence_of(&[&bob, &carol]).await.is_empty(), "no member has written");
    bobs.say(&group, "hello").await;
    bobs.ask(json!({"action": "heartbeat", "idle": true})).await;
    let rows = alices.presence_of(&[&bob, &carol]).await;
    assert_eq!(rows, [json!({"user": bob.id, "status": "online"})]);
    let own = bobs.presence_of(&[&alice, &bob]).await;
    assert_eq!(ids(&own), of(&[&bob]), "alice has not written there");
    assert!(own[0]["last_active_at_ms"].is_u64() && own[0]["idle"] == true, "{own:?}");
}

#[tokio::test]
async fn having_written_in_another_group_shows_nothing() {
    let [alice, bob, carol] = Chat::new().users().await;
    let elsewhere = bob.create_group(&[&carol]).await;
    bob.post_text(&elsewhere, "hello").await;
    bob.post_text(&bob.dm(&alice), "hello").await;
    let empty = alice.create_group(&[&bob]).await;
    let shared = alice.create_group(&[&bob]).await;
    let mut alices = alice.connect().await;
    assert!(alices.presence_of(&[&bob]).await.is_empty());
    bob.post_text(&shared, "hello").await;
    assert_eq!(alices.status_of(&bob).await.as_deref(), Some("offline"));
    bob.leave(&shared).await;
    assert!(alices.presence_of(&[&bob]).await.is_empty(), "{empty} has no message of bob");
}

#[tokio::test]
async fn the_blocked_are_left_out_in_both_directions() {
    let [alice, bob, carol] = Chat::new().users().await;
    alice.befriend(&bob).await;
    let group = alice.create_group(&[&bob, &carol]).await;
    for member in [&alice, &bob, &carol] {
        member.post_text(&group, "hello").await;
    }
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    alice.block(&bob).await;
    assert_eq!(ids(&alices.presence_of(&[&bob, &carol]).await), of(&[&carol]));
    assert_eq!(ids(&bobs.presence_of(&[&alice, &carol]).await), of(&[&carol]));
    alice.unblock(&bob).await;
    assert_eq!(alices.status_of(&bob).await.as_deref(), Some("online"));
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("online"));
}

#[tokio::test]
async fn an_unknown_user_is_left_out() {
    let alice = Chat::new().user().await;
    let mut phone = alice.connect().await;
    for users in [vec![], vec![NOBODY.to_owned()], some_ids(100)] {
        let answer = phone.ask(json!({"action": "presence", "id": "p", "users": users})).await;
        assert_eq!(answer, json!({"type": "presence", "id": "p", "users": []}));
    }
}

#[tokio::test]
async fn more_than_100_ids_and_invalid_ids_are_refused() {
    let alice = Chat::new().user().await;
    let mut phone = alice.connect().await;
    for users in [
        json!(some_ids(101)),
        json!(["alice"]),
        json!([alice.id, "usr_"]),
        json!([alice.device]),
        json!([alice.id.to_lowercase()]),
        json!([7]),
        json!([null]),
        json!(alice.id),
        json!({}),
        json!(null),
    ] {
        let error = phone.refused(json!({"action": "presence", "users": users}), "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains("users"), "{error}");
    }
    phone.refused(json!({"action": "presence"}), "bad_request").await;
    phone.assert_quiet().await;
}

#[tokio::test]
async fn a_question_needs_an_id() {
    let alice = Chat::new().user().await;
    let mut phone = alice.connect().await;
    phone.send(&json!({"action": "presence", "users": [alice.id]})).await;
    let error = phone.next_error("bad_request").await;
    assert!(error["message"].as_str().unwrap().contains("id"), "{error}");
    phone.assert_quiet().await;
}
