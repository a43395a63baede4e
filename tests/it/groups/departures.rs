//! The answers of `sync` for groups that its user is out of, if the device names them.

use serde_json::{Value, json};
use tests::{Chat, Socket, User, seqs};

/// The entry of a conversation in the frames of a sync without its messages, and their positions.
async fn sync_entry(
    socket: &mut Socket,
    group: &str,
    cursor: u64,
    partial: bool,
) -> Option<(Value, Vec<u64>)> {
    let frames = socket.sync_frames(json!({"cursors": {group: cursor}, "partial": partial})).await;
    let mut conversations = frames.iter().flat_map(|frame| frame["conversations"].as_array().unwrap());
    let mut entry = conversations.find(|entry| entry["conversation"] == group)?.clone();
    let messages = entry.as_object_mut().unwrap().remove("messages").unwrap();
    Some((entry, seqs(messages.as_array().unwrap())))
}

/// Checks the answers after each cursor, of full and partial syncs, of `history` and over HTTP.
async fn check(user: &User, group: &str, expected: &Value, last: u64) {
    let mut socket = user.connect().await;
    for cursor in 0..=last + 2 {
        let seqs_after: Vec<u64> = (cursor + 1..=last).collect();
        for partial in [false, true] {
            let entry = sync_entry(&mut socket, group, cursor, partial).await;
            let mut expected = expected.clone();
            expected["last_seq"] = last.into();
            assert_eq!(entry, Some((expected, seqs_after.clone())), "after {cursor}");
        }
        let history = json!({"action": "history", "conversation": group, "after": cursor});
        assert_eq!(seqs(socket.ask(history).await["messages"].as_array().unwrap()), seqs_after);
        let page = user.page(group, &format!("after={cursor}")).await.ok();
        assert_eq!(seqs(page["messages"].as_array().unwrap()), seqs_after);
    }
    let frames = socket.sync_frames(json!({"cursors": {}})).await;
    assert_eq!(frames[0]["conversations"], json!([]), "groups that are not named are left out");
}

#[tokio::test]
async fn a_user_who_has_left_or_was_removed_gets_the_entries_from_before_and_the_end() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    alice.post_text(&group, "two").await;
    alice.remove_member(&group, &bob).await.no_content();
    alice.post_text(&group, "four").await;
    carol.leave(&group).await;
    alice.post_text(&group, "six").await;
    let left = json!({"conversation": group, "left": true});
    check(&bob, &group, &left, 3).await;
    check(&carol, &group, &left, 5).await;
    alice.delete_group(&group).await.no_content();
    check(&bob, &group, &left, 3).await;
}

#[tokio::test]
async fn members_of_an_ended_group_get_all_of_it_and_its_end() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.post_text(&group, "two").await;
    alice.delete_group(&group).await.no_content();
    for user in [&alice, &bob] {
        check(user, &group, &json!({"conversation": group, "deleted": true}), 3).await;
        let last = user.page(&group, "").await.ok()["messages"][2].clone();
        assert_eq!(last["kind"], "group_deleted", "{last}");
        let read = json!({"action": "read", "conversation": group, "seq": 3});
        user.connect().await.refused(read, "not_found").await;
    }
}

#[tokio::test]
async fn a_user_who_was_added_again_gets_the_group_as_other_members_do() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.remove_member(&group, &bob).await.no_content();
    alice.post_text(&group, "three").await;
    alice.put_member(&group, &bob, None).await.ok();
    let (entry, seqs) = sync_entry(&mut bob.connect().await, &group, 1, false).await.unwrap();
    assert_eq!((&entry["left"], &entry["last_seq"], seqs), (&Value::Null, &4.into(), vec![2, 4]), "{entry}");
}

#[tokio::test]
async fn a_limit_counts_for_groups_that_the_user_is_out_of_too() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    for _ in 0..3 {
        alice.post_text(&group, "more").await;
    }
    alice.remove_member(&group, &bob).await.no_content();
    alice.post_text(&group, "not for bob").await;
    let mut socket = bob.connect().await;
    let frames = socket.sync_frames(json!({"cursors": {&group: 1}, "limit": 2})).await;
    let entry = &frames[0]["conversations"][0];
    assert_eq!((&entry["left"], seqs(entry["messages"].as_array().unwrap())), (&true.into(), vec![2, 3]));
    assert_eq!(entry["last_seq"], 5, "the end is reported beyond the limit: {entry}");
    alice.delete_group(&group).await.no_content();
    let mut socket = alice.connect().await;
    let frames = socket.sync_frames(json!({"cursors": {&group: 1}, "limit": 2})).await;
    let entry = &frames[0]["conversations"][0];
    assert_eq!((&entry["deleted"], &entry["last_seq"]), (&true.into(), &7.into()), "{entry}");
}

/// Of two memberships, the first page covers only the first one.
#[tokio::test]
async fn the_end_of_a_group_is_that_of_the_last_membership() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.remove_member(&group, &bob).await.no_content();
    alice.post_text(&group, "three").await;
    alice.put_member(&group, &bob, None).await.ok();
    alice.remove_member(&group, &bob).await.no_content();
    alice.post_text(&group, "six").await;
    let (entry, seqs) = sync_entry(&mut bob.connect().await, &group, 0, true).await.unwrap();
    assert_eq!((&entry["last_seq"], seqs), (&5.into(), vec![1, 2, 4, 5]), "{entry}");
}

/// Each group has its place in the order of ids, among the groups that the user is in.
#[tokio::test]
async fn groups_that_the_user_is_in_and_out_of_come_in_one_answer() {
    let [alice, bob] = Chat::new().users().await;
    let (mut cursors, mut expected) = (json!({}), Vec::new());
    for n in 0..6 {
        let group = alice.create_group(&[&bob]).await;
        if n % 2 == 0 {
            alice.remove_member(&group, &bob).await.no_content();
        }
        cursors[&group] = 1.into();
        expected.push((group, n % 2 == 0));
    }
    expected.sort();
    let frames = bob.connect().await.sync_frames(json!({"cursors": cursors})).await;
    let given = frames.iter().flat_map(|frame| frame["conversations"].as_array().unwrap());
    let given: Vec<(String, bool)> = given
        .map(|entry| (entry["conversation"].as_str().unwrap().to_owned(), entry["left"] == true))
        .collect();
    assert_eq!(given, expected);
}

#[tokio::test]
async fn a_long_text_of_a_group_that_the_user_has_left_is_read_whole_over_http() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let text = "long ".repeat(10_000);
    alice.post_text(&group, &text).await;
    bob.leave(&group).await;
    let message = bob.connect().await.missed(&group, json!({&group: 1})).await[0].clone();
    assert_eq!(message["truncated"], true, "{message}");
    assert_eq!(bob.page(&group, "after=1&limit=1").await.ok()["messages"][0]["text"], text);
}
