//! Read marks and receipts in groups.

use serde_json::{Value, json};
use tests::{Chat, Socket, User};

fn read(group: &str, seq: u64) -> Value {
    json!({"action": "read", "conversation": group, "seq": seq})
}

async fn mark(socket: &mut Socket, group: &str, seq: u64) {
    let answer = socket.ask(read(group, seq)).await;
    assert_eq!(answer["type"], "ok", "{answer}");
}

/// Whether a receipt for this position has come.
async fn has_receipt(socket: &mut Socket, seq: u64) -> bool {
    let unseen = socket.unseen().await;
    unseen.iter().any(|frame| frame["type"] == "receipt" && frame["read_seq"] == seq)
}

/// Checks the read marks of all members, as one member sees them.
async fn check_markers(member: &User, group: &str, expected: &[(&User, u64)]) {
    let answer = member.http.get(&format!("/v1/conversations/{group}/receipts")).await.ok();
    let receipts = answer["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), expected.len(), "{receipts:?}");
    for (user, read_seq) in expected {
        assert!(receipts.contains(&json!({"user": user.id, "read_seq": read_seq})), "{receipts:?}");
    }
}

#[tokio::test]
async fn a_read_sends_a_receipt_to_every_other_device_of_every_member() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    alice.post_text(&group, "hello").await;
    let mut bobs = bob.connect().await;
    let mut others = [
        alice.connect().await,
        bob.another_device().await.connect().await,
        carol.connect().await,
        carol.another_device().await.connect().await,
    ];
    mark(&mut bobs, &group, 2).await;
    let receipt = json!({"type": "receipt", "conversation": group, "user": bob.id, "read_seq": 2});
    for socket in &mut others {
        assert_eq!(socket.next("receipt").await, receipt);
    }
    assert!(!has_receipt(&mut bobs, 2).await);
}

#[tokio::test]
async fn everybody_sees_how_far_each_member_has_read() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    alice.post_text(&group, "hello").await;
    mark(&mut bob.connect().await, &group, 2).await;
    mark(&mut alice.connect().await, &group, 1).await;
    for member in [&alice, &bob, &carol] {
        check_markers(member, &group, &[(&alice, 1), (&bob, 2), (&carol, 0)]).await;
    }
    alice.remove_member(&group, &bob).await.no_content();
    check_markers(&carol, &group, &[(&alice, 1), (&carol, 0)]).await;
}

#[tokio::test]
async fn a_marker_counts_what_is_unread() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    for text in ["one", "two", "three"] {
        alice.post_text(&group, text).await;
    }
    bob.post_blindly(&group, "four").await;
    let mut bobs = bob.connect().await;
    for (seq, unread) in [(1, 3), (3, 1), (5, 0)] {
        mark(&mut bobs, &group, seq).await;
        let row = bob.listed(&group).await;
        assert_eq!((&row["read_seq"], &row["unread_count"]), (&seq.into(), &unread.into()));
    }
    mark(&mut bobs, &group, 2).await;
    assert_eq!(bob.listed(&group).await["read_seq"], 5);
    assert_eq!(alice.listed(&group).await["unread_count"], 1);
    bobs.refused(read(&group, 6), "bad_request").await;
}

#[tokio::test]
async fn in_a_group_of_more_than_20_no_receipts_are_sent_and_everybody_may_ask() {
    let crowd = Chat::new().crowd(21).await;
    let (alice, others) = crowd.split_first().unwrap();
    let (late, early) = others.split_last().unwrap();
    let group = alice.create_group(&early.iter().collect::<Vec<_>>()).await;
    let (bob, carol) = (&early[0], &early[18]);
    let (mut alices, mut bobs, mut carols) =
        (alice.connect().await, bob.connect().await, carol.connect().await);
    mark(&mut bobs, &group, 1).await;
    for socket in [&mut alices, &mut carols] {
        assert_eq!(socket.next("receipt").await["read_seq"], 1);
    }
    alice.put_member(&group, late, None).await.ok();
    let mut lates = late.connect().await;
    mark(&mut bobs, &group, 2).await;
    for socket in [&mut alices, &mut carols, &mut lates] {
        assert!(!has_receipt(socket, 2).await);
    }
    let readers: Vec<(&User, u64)> =
        crowd.iter().map(|user| (user, if user.id == bob.id { 2 } else { 0 })).collect();
    check_markers(late, &group, &readers).await;
    alice.remove_member(&group, late).await.no_content();
    mark(&mut bobs, &group, 3).await;
    for socket in [&mut alices, &mut carols] {
        assert_eq!(socket.next("receipt").await["read_seq"], 3);
    }
}

#[tokio::test]
async fn a_removed_member_gets_no_receipts() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let (mut alices, mut bobs, mut carols) =
        (alice.connect().await, bob.connect().await, carol.connect().await);
    alice.remove_member(&group, &carol).await.no_content();
    mark(&mut bobs, &group, 2).await;
    assert_eq!(alices.next("receipt").await["read_seq"], 2);
    assert!(!has_receipt(&mut carols, 2).await);
}
