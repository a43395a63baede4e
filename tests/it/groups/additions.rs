//! Who may add whom to a group.

use serde_json::{Value, json};
use tests::{Answer, Chat, User};

/// Largest number of groups of strangers in which a user has not written.
const UNANSWERED_MAX: usize = 100;

/// Checks that these users cannot be added, and that the answer hides the reason.
#[track_caller]
fn cannot_be_added(answer: Answer, users: &[&User]) -> Value {
    let mut error = answer.refused(403, "forbidden");
    let mut expected: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
    expected.sort_unstable();
    let mut named: Vec<&str> =
        error["users"].as_array().expect("users").iter().map(|user| user.as_str().expect("an id")).collect();
    named.sort_unstable();
    assert_eq!(named, expected, "{error}");
    error["users"] = Value::Null;
    error
}

#[tokio::test]
async fn a_blocked_user_cannot_add_the_user_who_blocked_them() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = bob.create_group(&[&carol]).await;
    alice.block(&bob).await;
    cannot_be_added(bob.post_group("Climbing", &[&carol, &alice]).await, &[&alice]);
    cannot_be_added(bob.put_member(&group, &alice, None).await, &[&alice]);
    assert!(alice.chat_list().await.is_empty());
    let mut socket = alice.connect().await;
    let frames = socket.sync_frames(json!({"cursors": {}})).await;
    assert_eq!(frames[0]["conversations"], json!([]));
    assert_eq!(carol.chat_list().await.len(), 1, "the refused group does not exist");
    assert_eq!(bob.log(&group).await.len(), 1, "the refusal leaves no entry");

    alice.unblock(&bob).await;
    bob.put_member(&group, &alice, None).await.ok();
    assert_eq!(alice.chat_list().await.len(), 1);
}

#[tokio::test]
async fn a_user_who_blocks_may_add_the_blocked_user_and_stay_in_groups_with_them() {
    let [alice, bob] = Chat::new().users().await;
    let group = bob.create_group(&[&alice]).await;
    alice.block(&bob).await;
    bob.put_member(&group, &alice, Some("admin")).await.ok();
    assert_eq!(alice.roles(&group).await.len(), 2);
    alice.create_group(&[&bob]).await;
}

#[tokio::test]
async fn strangers_can_add_a_user_to_a_hundred_unanswered_groups_and_no_more() {
    let [alice, bob, carol, dave] = Chat::new().users().await;
    let mut groups = Vec::new();
    for _ in 0..UNANSWERED_MAX {
        groups.push(bob.create_group(&[&alice]).await);
    }
    let by_limit = cannot_be_added(bob.post_group("One more", &[&alice, &dave]).await, &[&alice]);
    let others = carol.create_group(&[]).await;
    cannot_be_added(carol.put_member(&others, &alice, None).await, &[&alice]);
    assert_eq!(alice.chat_list().await.len(), UNANSWERED_MAX);
    assert!(dave.chat_list().await.is_empty(), "nothing is stored for any user");

    carol.block(&bob).await;
    let by_block = cannot_be_added(bob.post_group("One more", &[&carol]).await, &[&carol]);
    assert_eq!(by_limit, by_block, "both refusals look the same");

    // Friends may, and so may strangers, once she has written or left.
    alice.befriend(&dave).await;
    dave.create_group(&[&alice]).await;
    alice.create_group(&[&bob]).await;
    cannot_be_added(carol.put_member(&others, &alice, None).await, &[&alice]);
    alice.post_text(&groups[0], "Who are you?").await;
    carol.put_member(&others, &alice, None).await.ok();
    cannot_be_added(bob.post_group("One more", &[&alice]).await, &[&alice]);
    alice.leave(&groups[1]).await;
    bob.create_group(&[&alice]).await;

    // A user who becomes a friend is no stranger in groups from before.
    alice.befriend(&bob).await;
    let again = carol.create_group(&[&alice]).await;
    assert_eq!(alice.roles(&again).await.len(), 2);
}

#[tokio::test]
async fn of_many_concurrent_additions_of_a_user_no_more_than_the_limit_succeed() {
    let chat = Chat::new();
    let [alice] = chat.users().await;
    let crowd = chat.crowd(6).await;
    let answers = futures_util::future::join_all(crowd.iter().map(async |stranger| {
        let mut made = 0;
        for _ in 0..24 {
            let answer = stranger.post_group("Climbing", &[&alice]).await;
            if answer.status == 201 {
                made += 1;
            } else {
                cannot_be_added(answer, &[&alice]);
            }
        }
        made
    }))
    .await;
    assert_eq!(answers.into_iter().sum::<usize>(), UNANSWERED_MAX);
    assert_eq!(alice.chat_list().await.len(), UNANSWERED_MAX);
}
