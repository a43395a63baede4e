//! What the device of a user gets and may do who was a member only part of the time.

use serde_json::json;
use tests::{Chat, Socket, message_of, seqs};

async fn missed(socket: &mut Socket, group: &str, cursor: u64) -> Vec<u64> {
    seqs(&socket.missed(group, json!({group: cursor})).await)
}

#[tokio::test]
async fn a_later_member_syncs_from_the_addition_on() {
    let [alice, carol] = Chat::new().users().await;
    let group = alice.create_group(&[]).await;
    alice.post_text(&group, "before").await;
    alice.put_member(&group, &carol, None).await.ok();
    alice.post_text(&group, "after").await;
    let mut socket = carol.connect().await;
    for (cursor, expected) in [(0, &[3, 4][..]), (1, &[3, 4]), (2, &[3, 4]), (3, &[4]), (4, &[])] {
        assert_eq!(missed(&mut socket, &group, cursor).await, expected);
    }
    assert_eq!(seqs(&socket.missed(&group, json!({})).await), [3, 4]);
    let frames = socket.sync_frames(json!({"cursors": {}, "limit": 1})).await;
    let part = &frames[0]["conversations"][0];
    assert_eq!((&part["last_seq"], seqs(part["messages"].as_array().unwrap())), (&4.into(), vec![3]));
}

#[tokio::test]
async fn a_later_member_has_nothing_unread_from_before() {
    let [alice, carol] = Chat::new().users().await;
    let group = alice.create_group(&[]).await;
    for _ in 0..5 {
        alice.post_text(&group, "before").await;
    }
    alice.put_member(&group, &carol, None).await.ok();
    alice.post_text(&group, "after").await;
    carol.post_blindly(&group, "hello").await;
    let row = carol.listed(&group).await;
    let expected = (&1.into(), &9.into());
    assert_eq!((&row["unread_count"], &row["last_seq"]), expected, "her addition does not count as unread");
    let read = json!({"action": "read", "conversation": group, "seq": 8});
    assert_eq!(carol.connect().await.ask(read).await["type"], "ok");
    assert_eq!(carol.listed(&group).await["unread_count"], 0);
}

#[tokio::test]
async fn a_later_member_gets_no_event_from_before() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let (mut bobs, mut carols) = (bob.connect().await, carol.connect().await);
    for _ in 0..5 {
        alice.post_text(&group, "before").await;
    }
    alice.put_member(&group, &carol, None).await.ok();
    alice.post_text(&group, "after").await;
    for seq in 2..=8 {
        bobs.next_at(&group, seq).await;
    }
    carols.next_at(&group, 7).await;
    carols.next_at(&group, 8).await;
    assert!(carols.unseen_in(&group).await.iter().all(|seq| *seq >= 7));
}

#[tokio::test]
async fn a_removed_member_does_not_have_the_group_any_more() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    alice.remove_member(&group, &bob).await.no_content();
    carol.leave(&group).await;
    for former in [&bob, &carol] {
        former.assert_not_listed(&group).await;
        former.get_group(&group).await.refused(403, "forbidden");
    }
    assert_eq!(alice.listed(&group).await["last_seq"], 3);
}

#[tokio::test]
async fn a_removed_member_cannot_write_read_or_change_anything_any_more() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut bobs = bob.connect().await;
    bobs.say(&group, "hello").await;
    alice.remove_member(&group, &bob).await.no_content();
    for frame in [
        json!({"action": "send", "to": group, "text": "one more thing"}),
        json!({"action": "read", "conversation": group, "seq": 2}),
        json!({"action": "read", "conversation": group, "seq": 3}),
    ] {
        bobs.refused(frame, "forbidden").await;
    }
    let (path, far) = (format!("/v1/conversations/{group}"), json!({"muted_until_ms": u32::MAX}));
    let message = json!({"client_message_id": "more", "text": "one more thing"});
    bob.post_message(&group, &message).await.refused(403, "forbidden");
    bob.http.patch(&path, &far).await.refused(403, "forbidden");
    bob.http.get(&format!("{path}/receipts")).await.refused(403, "forbidden");
    bob.put_member(&group, &carol, None).await.refused(403, "forbidden");
    bob.put_member(&group, &bob, None).await.refused(403, "forbidden");
    bob.rename_group(&group, "Bouldering").await.refused(403, "forbidden");
    assert_eq!(seqs(&alice.log(&group).await), [1, 2, 3]);
}

#[tokio::test]
async fn a_removed_member_gets_no_more_events() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let (mut bobs, mut carols) = (bob.connect().await, carol.connect().await);
    alice.remove_member(&group, &carol).await.no_content();
    carols.next_at(&group, 2).await;
    alice.post_text(&group, "she is gone").await;
    alice.rename_group(&group, "Without her").await.ok();
    alice.put_member(&group, &bob, Some("admin")).await.ok();
    // An entry is not announced to a user who is out at that time.
    for seq in 3..=5 {
        bobs.next_at(&group, seq).await;
    }
    alice.remove_member(&group, &bob).await.no_content();
    bobs.next_at(&group, 6).await;
    alice.delete_group(&group).await.no_content();
    alice.connect().await.say(&carol.id, "bye").await;
    carols.next_at(&alice.dm(&carol), 1).await;
    for frame in carols.unseen().await {
        let is_late =
            frame["seq"].as_u64() > Some(2) || frame["change"] == "renamed" || frame["change"] == "deleted";
        assert!(!is_late, "{frame}");
    }
}

#[tokio::test]
async fn a_message_sent_again_after_its_sender_was_removed_stays_one_message() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let frame = json!({"action": "send", "id": "kept", "to": group, "text": "hello"});
    let mut bobs = bob.connect().await;
    bobs.deliver(frame.clone()).await;
    alice.remove_member(&group, &bob).await.no_content();
    let again = bobs.ask(frame).await;
    let is_same = again["seq"] == 2 && again["duplicate"] == true;
    assert!(is_same || again["code"] == "forbidden", "{again}");
    assert_eq!(seqs(&alice.log(&group).await), [1, 2, 3]);
    assert_eq!(bob.log(&group).await[1]["client_message_id"], "kept");
}

#[tokio::test]
async fn a_member_who_was_added_again_syncs_both_memberships_and_nothing_between() {
    let [alice, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&carol]).await;
    alice.post_text(&group, "together").await;
    alice.remove_member(&group, &carol).await.no_content();
    alice.post_text(&group, "alone").await;
    alice.put_member(&group, &carol, None).await.ok();
    let mut socket = carol.connect().await;
    alice.post_text(&group, "together again").await;
    assert_eq!(message_of(socket.next_at(&group, 6).await)["text"], "together again");
    for (cursor, expected) in
        [(0, &[1, 2, 3, 5, 6][..]), (2, &[3, 5, 6]), (3, &[5, 6]), (4, &[5, 6]), (5, &[6]), (6, &[])]
    {
        assert_eq!(missed(&mut socket, &group, cursor).await, expected);
    }
    assert!(!socket.unseen_in(&group).await.contains(&4));
    assert_eq!(carol.listed(&group).await["last_seq"], 6);
    assert_eq!(socket.say(&group, "hello").await["seq"], 7);
}
