//! Messages between a user who blocks and a user who is blocked.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, User, fresh_id};

/// Checks that a message from one user to another is refused, however it is sent.
async fn check_forbidden(sender: &User, recipient: &User) {
    let dm = sender.dm(recipient);
    let mut phone = sender.connect().await;
    for to in [&recipient.id, &dm] {
        phone.refused(json!({"action": "send", "to": to, "text": "hello"}), "forbidden").await;
    }
    let message = json!({"client_message_id": fresh_id(), "text": "hello"});
    sender.post_message(&dm, &message).await.refused(403, "forbidden");
}

#[tokio::test]
async fn the_blocked_cannot_write_and_nothing_is_stored() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "one").await;
    bob.post_text(&dm, "two").await;
    let log = alice.log(&dm).await;
    let mut alices = alice.connect().await;
    alice.block(&bob).await;
    check_forbidden(&bob, &alice).await;
    assert_eq!((log.len(), &alice.log(&dm).await, &bob.log(&dm).await), (2, &log, &log));
    alices.assert_quiet().await;
}

#[tokio::test]
async fn the_first_message_ever_of_the_blocked_is_refused() {
    let [alice, bob] = Chat::new().users().await;
    alice.block(&bob).await;
    check_forbidden(&bob, &alice).await;
    assert!(alice.chat_list().await.is_empty());
    assert!(bob.chat_list().await.is_empty());
}

#[tokio::test]
async fn a_user_who_blocks_can_still_write() {
    let [alice, bob] = Chat::new().users().await;
    alice.block(&bob).await;
    let mut bobs = bob.connect().await;
    assert_eq!(alice.connect().await.say(&bob.id, "one").await["seq"], 1);
    assert_eq!(alice.post_text(&alice.dm(&bob), "two").await["seq"], 2);
    assert_eq!(bobs.next_at(&alice.dm(&bob), 1).await["text"], "one");
    assert_eq!(bobs.next_at(&alice.dm(&bob), 2).await["text"], "two");
    check_forbidden(&bob, &alice).await;
}

#[tokio::test]
async fn two_may_block_each_other() {
    let [alice, bob] = Chat::new().users().await;
    alice.block(&bob).await;
    bob.block(&alice).await;
    check_forbidden(&alice, &bob).await;
    check_forbidden(&bob, &alice).await;
    alice.unblock(&bob).await;
    check_forbidden(&alice, &bob).await;
    assert_eq!(bob.connect().await.say(&alice.id, "hello").await["seq"], 1);
}

#[tokio::test]
async fn a_block_is_between_two_alone() {
    let [alice, bob, carol] = Chat::new().users().await;
    alice.block(&bob).await;
    assert_eq!(carol.connect().await.say(&alice.id, "hello").await["seq"], 1);
    assert_eq!(bob.connect().await.say(&carol.id, "hello").await["seq"], 1);
    assert_eq!(carol.connect().await.say(&bob.id, "hello").await["seq"], 2);
}

#[tokio::test]
async fn friends_who_block_are_refused_too() {
    let [alice, bob] = Chat::new().friends().await;
    alice.block(&bob).await;
    check_forbidden(&bob, &alice).await;
}

#[tokio::test]
async fn messages_in_a_group_go_on() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    alice.block(&bob).await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    assert_eq!(bobs.say(&group, "from the blocked").await["seq"], 2);
    assert_eq!(alices.next_at(&group, 2).await["text"], "from the blocked");
    assert_eq!(alices.say(&group, "to the blocked").await["seq"], 3);
    assert_eq!(bobs.next_at(&group, 3).await["text"], "to the blocked");
    assert_eq!(bob.post_text(&group, "over HTTP").await["seq"], 4);
}

#[tokio::test]
async fn after_the_block_messages_come_again() {
    let [alice, bob] = Chat::new().users().await;
    alice.block(&bob).await;
    let mut bobs = bob.connect().await;
    let frame = json!({"action": "send", "id": fresh_id(), "to": alice.id, "text": "again"});
    bobs.refused(frame.clone(), "forbidden").await;
    alice.unblock(&bob).await;
    let mut alices = alice.connect().await;
    let ack = bobs.deliver(frame).await;
    assert_eq!((&ack["seq"], &ack["duplicate"]), (&1.into(), &false.into()));
    assert_eq!(alices.next("message").await["text"], "again");
}

#[tokio::test]
async fn a_message_concurrent_with_a_block_is_stored_before_it_or_refused() {
    for _ in 0..8 {
        let [alice, bob] = Chat::new().users().await;
        let dm = alice.dm(&bob);
        bob.post_text(&dm, "first").await;
        let messages: Vec<Value> =
            (0..8).map(|_| json!({"client_message_id": fresh_id(), "text": "quickly"})).collect();
        let sends = join_all(messages.iter().map(|message| bob.post_message(&dm, message)));
        let (answers, ()) = tokio::join!(sends, alice.block(&bob));
        let log = alice.log(&dm).await;
        for (message, answer) in messages.iter().zip(answers) {
            let id = &message["client_message_id"];
            let is_there = log.iter().any(|entry| entry["client_message_id"] == *id);
            match answer.status {
                200 => assert!(is_there, "{id} was acked and is not there"),
                503 => drop(answer.refused(503, "unavailable")),
                _ => {
                    answer.refused(403, "forbidden");
                    assert!(!is_there, "{id} was refused and is there");
                }
            }
        }
        check_forbidden(&bob, &alice).await;
        assert_eq!(alice.log(&dm).await, log);
    }
}
