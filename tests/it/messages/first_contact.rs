//! The first message between two users.

use serde_json::{Value, json};
use tests::{Chat, Socket, User, fresh_id};

/// Sends three messages without waiting in between; returns the acks.
async fn three_without_waiting(socket: &mut Socket, to: &User) -> Vec<Value> {
    let ids = [fresh_id(), fresh_id(), fresh_id()];
    for id in &ids {
        socket.send(&json!({"action": "send", "id": id, "to": to.id, "text": id})).await;
    }
    let mut acks = Vec::new();
    for id in &ids {
        acks.push(socket.expect_ack(id).await);
    }
    acks
}

#[tokio::test]
async fn two_users_who_write_to_each_other_concurrently_share_one_conversation() {
    let [alice, bob] = Chat::new().users().await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    let (from_alice, from_bob) =
        tokio::join!(three_without_waiting(&mut alices, &bob), three_without_waiting(&mut bobs, &alice));
    let dm = alice.dm(&bob);
    let acks = [from_alice, from_bob].concat();
    assert!(acks.iter().all(|ack| ack["conversation"] == dm), "{acks:?}");
    let mut seqs: Vec<u64> = acks.iter().map(|ack| ack["seq"].as_u64().unwrap()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    for (socket, sender) in [(&mut alices, &bob), (&mut bobs, &alice)] {
        for _ in 0..3 {
            assert_eq!(socket.next("message").await["sender"], sender.id);
        }
    }
    for user in [&alice, &bob] {
        assert_eq!(user.chat_list().await.len(), 1);
        assert_eq!(user.log(&dm).await.len(), 6);
    }
}

#[tokio::test]
async fn before_the_first_message_there_is_no_conversation() {
    let [alice, bob] = Chat::new().users().await;
    let (mut socket, dm) = (alice.connect().await, alice.dm(&bob));
    assert!(alice.chat_list().await.is_empty());
    assert!(alice.log(&dm).await.is_empty());
    let page = socket.ask(json!({"action": "history", "conversation": dm})).await;
    assert_eq!((&page["messages"], &page["more"]), (&json!([]), &false.into()));
    let frames = socket.sync_frames(json!({"cursors": {}})).await;
    assert_eq!((frames.len(), &frames[0]["conversations"]), (1, &json!([])));
}

#[tokio::test]
async fn the_first_message_begins_the_conversation_for_both() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    alice.connect().await.say(&bob.id, "hello").await;
    for user in [&alice, &bob] {
        let row = user.listed(&dm).await;
        assert_eq!((&row["kind"], &row["last_seq"]), (&"dm".into(), &1.into()));
    }
}
