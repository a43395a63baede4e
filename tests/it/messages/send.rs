//! Delivery of messages.

use serde_json::json;
use tests::{Chat, fresh_id};

#[tokio::test]
async fn a_message_is_acked_and_reaches_every_device_but_the_sending_socket() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    let mut others = [
        alice.connect().await,
        alice.another_device().await.connect().await,
        bob.connect().await,
        bob.another_device().await.connect().await,
    ];
    let frame = json!({"action": "send", "id": "first-1", "to": bob.id, "text": "hello"});
    phone.send(&frame).await;
    let ack = phone.expect_ack("first-1").await;
    let sent_at_ms = ack["sent_at_ms"].as_u64().unwrap();
    let conversation = alice.dm(&bob);
    assert_eq!(
        ack,
        json!({"type": "ack", "id": "first-1", "conversation": conversation, "seq": 1,
            "sent_at_ms": sent_at_ms, "duplicate": false})
    );
    for socket in &mut others {
        assert_eq!(
            socket.next_event().await,
            json!({"type": "message", "conversation": conversation, "seq": 1, "sender": alice.id,
                "client_message_id": "first-1", "text": "hello", "kind": "text", "sent_at_ms": sent_at_ms})
        );
        socket.assert_quiet().await;
    }
    phone.assert_quiet().await;
}

#[tokio::test]
async fn a_message_over_http_reaches_every_device() {
    let [alice, bob] = Chat::new().users().await;
    let mut sockets = [alice.connect().await, bob.connect().await];
    let body = json!({"client_message_id": "over-http", "text": "hello"});
    let ack = alice.post_message(&alice.dm(&bob), &body).await.ok();
    assert_eq!((&ack["id"], &ack["seq"], &ack["duplicate"]), (&"over-http".into(), &1.into(), &false.into()));
    for socket in &mut sockets {
        let event = socket.next("message").await;
        assert_eq!((&event["client_message_id"], &event["text"]), (&"over-http".into(), &"hello".into()));
    }
}

#[tokio::test]
async fn a_message_is_the_same_everywhere() {
    let [alice, bob] = Chat::new().users().await;
    let (mut phone, mut socket, dm) = (alice.connect().await, bob.connect().await, alice.dm(&bob));
    phone.say(&bob.id, "hello").await;
    let mut event = socket.next("message").await;
    event.as_object_mut().unwrap().remove("type");
    assert_eq!(socket.missed(&dm, json!({})).await, [event.clone()]);
    let page = socket.ask(json!({"action": "history", "conversation": dm})).await;
    assert_eq!(page["messages"], json!([event]));
    assert_eq!(bob.log(&dm).await, [event.clone()]);
    assert_eq!(bob.listed(&dm).await["last_message"], event);
}

#[tokio::test]
async fn a_user_and_the_conversation_with_them_are_the_same_recipient() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    let dm = alice.dm(&bob);
    assert_eq!(phone.say(&bob.id, "to the user").await["conversation"], dm);
    let ack = phone.say(&dm, "to the conversation").await;
    assert_eq!((&ack["conversation"], &ack["seq"]), (&dm.into(), &2.into()));
}

#[tokio::test]
async fn a_message_to_an_offline_user_is_there_when_they_connect() {
    let [alice, bob] = Chat::new().users().await;
    alice.connect().await.say(&bob.id, "are you there?").await;
    let missed = bob.connect().await.missed(&alice.dm(&bob), json!({})).await;
    assert_eq!(missed[0]["text"], "are you there?");
}

#[tokio::test]
async fn sockets_that_were_cut_do_not_hold_messages_up() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    bob.connect().await.cut();
    alice.connect().await.cut();
    let mut socket = bob.connect().await;
    let ack = phone.say(&bob.id, "still here").await;
    assert_eq!(socket.next("message").await["seq"], ack["seq"]);
}

#[tokio::test]
async fn every_one_of_many_concurrent_frames_is_answered() {
    let alice = Chat::new().user().await;
    let mut phone = alice.connect().await;
    let ids: Vec<String> = (0..100).map(|_| fresh_id()).collect();
    for id in &ids {
        phone.send(&json!({"action": "heartbeat", "id": id})).await;
    }
    for id in &ids {
        assert_eq!(phone.answer_to(id).await["type"], "heartbeat");
    }
}
