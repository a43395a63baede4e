//! Delivery of messages to a group.

use serde_json::{Value, json};
use tests::{Chat, message_of, seqs};

/// A time far in the future.
const FAR_AHEAD_MS: u64 = 32_503_680_000_000;

#[tokio::test]
async fn a_message_is_acked_and_reaches_every_device_but_the_sending_socket() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut phone = alice.connect().await;
    let mut others = [
        alice.connect().await,
        alice.another_device().await.connect().await,
        bob.connect().await,
        bob.another_device().await.connect().await,
        carol.connect().await,
    ];
    phone.send(&json!({"action": "send", "id": "group-1", "to": group, "text": "hello"})).await;
    let ack = phone.expect_ack("group-1").await;
    let sent_at_ms = ack["sent_at_ms"].as_u64().unwrap();
    assert_eq!(
        ack,
        json!({"type": "ack", "id": "group-1", "conversation": group, "seq": 2,
            "sent_at_ms": sent_at_ms, "duplicate": false})
    );
    for socket in &mut others {
        assert_eq!(
            socket.next_at(&group, 2).await,
            json!({"type": "message", "conversation": group, "seq": 2, "sender": alice.id,
                "client_message_id": "group-1", "text": "hello", "kind": "text", "sent_at_ms": sent_at_ms})
        );
    }
    assert!(!phone.unseen_in(&group).await.contains(&2));
}

#[tokio::test]
async fn a_message_over_http_reaches_every_device() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut sockets = [alice.connect().await, bob.connect().await, carol.connect().await];
    let body = json!({"client_message_id": "over-http", "text": "hello"});
    let ack = bob.post_message(&group, &body).await.ok();
    assert_eq!(
        (&ack["id"], &ack["conversation"], &ack["seq"], &ack["duplicate"]),
        (&"over-http".into(), &group.as_str().into(), &2.into(), &false.into())
    );
    for socket in &mut sockets {
        let event = socket.next_at(&group, 2).await;
        assert_eq!((&event["sender"], &event["text"]), (&bob.id.as_str().into(), &"hello".into()));
    }
}

#[tokio::test]
async fn a_message_is_the_same_everywhere() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut socket = bob.connect().await;
    alice.connect().await.say(&group, "hello").await;
    let message = message_of(socket.next_at(&group, 2).await);
    assert_eq!(Value::from(socket.missed(&group, json!({&group: 1})).await), json!([message]));
    let page = socket.ask(json!({"action": "history", "conversation": group, "after": 1})).await;
    assert_eq!(page["messages"], json!([message]));
    assert_eq!(bob.log(&group).await[1], message);
    assert_eq!(bob.listed(&group).await["last_message"], message);
}

#[tokio::test]
async fn a_message_sent_again_is_one_message() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let frame = json!({"action": "send", "id": "again", "to": group, "text": "once"});
    let (mut phone, mut tablet) = (alice.connect().await, alice.another_device().await.connect().await);
    let first = phone.ask(frame.clone()).await;
    assert_eq!((&first["seq"], &first["duplicate"]), (&2.into(), &false.into()));
    bob.post_text(&group, "between").await;
    let body = json!({"client_message_id": "again", "text": "once"});
    for again in [
        phone.ask(frame.clone()).await,
        tablet.ask(frame).await,
        alice.post_message(&group, &body).await.ok(),
    ] {
        assert_eq!(
            (&again["seq"], &again["sent_at_ms"], &again["duplicate"]),
            (&first["seq"], &first["sent_at_ms"], &true.into())
        );
    }
    assert_eq!(seqs(&carol.log(&group).await), [1, 2, 3]);
}

#[tokio::test]
async fn one_id_of_two_members_is_two_messages() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let frame = json!({"action": "send", "id": "same", "to": group, "text": "hello"});
    for (user, seq) in [(&alice, 2), (&bob, 3)] {
        let ack = user.connect().await.deliver(frame.clone()).await;
        assert_eq!((&ack["seq"], &ack["duplicate"]), (&seq.into(), &false.into()));
    }
}

#[tokio::test]
async fn replies_and_mentions_arrive_with_the_message() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut sockets = [alice.connect().await, carol.connect().await];
    let mut phone = bob.connect().await;
    for (reply_to, mentions) in [(1, json!([carol.id])), (2, json!([alice.id, carol.id, bob.id]))] {
        let frame = json!({"action": "send", "id": format!("reply-{reply_to}"), "to": group,
            "text": "answer", "reply_to": reply_to, "mentions": mentions});
        let seq = phone.deliver(frame).await["seq"].as_u64().unwrap();
        for socket in &mut sockets {
            let message = message_of(socket.next_at(&group, seq).await);
            assert_eq!((&message["reply_to"], &message["mentions"]), (&reply_to.into(), &mentions));
            assert_eq!(carol.log(&group).await.pop(), Some(message));
        }
    }
    for reply_to in [4, 1000] {
        let frame = json!({"action": "send", "to": group, "text": "to nothing", "reply_to": reply_to});
        let error = phone.refused(frame, "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains("reply_to"), "{error}");
    }
    assert_eq!(alice.log(&group).await.len(), 3);
}

#[tokio::test]
async fn nobody_makes_an_entry_of_another_kind() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let frame = json!({"action": "send", "id": "forged", "to": group, "text": "hello", "kind": "member_removed",
        "mentions": [alice.id], "sender": alice.id});
    bob.connect().await.deliver(frame).await;
    let message = alice.log(&group).await.pop().unwrap();
    assert_eq!((&message["kind"], &message["sender"]), (&"text".into(), &bob.id.as_str().into()));
    assert_eq!(alice.roles(&group).await.len(), 2);
    assert_eq!(alice.connect().await.say(&group, "still here").await["seq"], 3);
}

#[tokio::test]
async fn a_long_text_is_shortened_on_the_socket_and_whole_over_http() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut sockets = [alice.connect().await, bob.connect().await, carol.connect().await];
    let text = "long ".repeat(10_000);
    alice.post_text(&group, &text).await;
    for socket in &mut sockets {
        let event = socket.next_at(&group, 2).await;
        assert_eq!((&event["truncated"], &event["text"]), (&true.into(), &"long ".repeat(200).into()));
        let message = message_of(event);
        assert_eq!(Value::from(socket.missed(&group, json!({&group: 1})).await), json!([message]));
        let page = socket.ask(json!({"action": "history", "conversation": group, "limit": 1})).await;
        assert_eq!(page["messages"], json!([message]));
    }
    let page = bob.page(&group, "around=2&limit=1").await.ok();
    assert!(page["messages"][0]["text"] == text && page["messages"][0].get("truncated").is_none());
}

#[tokio::test]
async fn a_member_whose_sockets_are_dead_delays_no_other() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let (mut phone, mut bobs) = (alice.connect().await, bob.connect().await);
    let last_seen = carol.connect().await;
    carol.another_device().await.connect().await.cut();
    last_seen.cut();
    for seq in 2..=6_u64 {
        assert_eq!(phone.say(&group, "is carol there?").await["seq"], seq);
        bobs.next_at(&group, seq).await;
    }
    let missed = carol.connect().await.missed(&group, json!({&group: 1})).await;
    assert_eq!(seqs(&missed), [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_member_who_was_not_connected_gets_the_messages_from_meanwhile() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut phone = alice.connect().await;
    phone.say(&group, "are you there?").await;
    alice.rename_group(&group, "Bouldering").await.ok();
    let frames = bob.connect().await.sync_frames(json!({"cursors": {&group: 1}})).await;
    let part = &frames[0]["conversations"][0];
    assert_eq!(
        (&part["conversation"], &part["kind"], &part["name"], &part["last_seq"]),
        (&group.as_str().into(), &"group".into(), &"Bouldering".into(), &3.into())
    );
    assert_eq!(seqs(part["messages"].as_array().unwrap()), [2, 3]);
}

#[tokio::test]
async fn a_muted_group_is_muted_for_one_member_and_still_delivered() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let path = format!("/v1/conversations/{group}");
    let mut socket = bob.connect().await;
    let muted = bob.http.patch(&path, &json!({"muted_until_ms": FAR_AHEAD_MS})).await.ok();
    assert_eq!(
        (&muted["kind"], &muted["name"], &muted["muted_until_ms"]),
        (&"group".into(), &"Climbing".into(), &FAR_AHEAD_MS.into())
    );
    assert_eq!(bob.listed(&group).await, muted);
    assert!(alice.listed(&group).await.get("muted_until_ms").is_none());
    alice.post_text(&group, "still here").await;
    assert_eq!(socket.next_at(&group, 2).await["text"], "still here");
    let loud = bob.http.patch(&path, &json!({"muted_until_ms": Value::Null})).await.ok();
    assert!(loud.get("muted_until_ms").is_none(), "{loud}");
}
