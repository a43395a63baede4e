//! One order of messages for all users.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, Socket, User};

const SENDERS: usize = 4;
const MESSAGES: usize = 8;
const ALL: usize = 2 * SENDERS * MESSAGES;

/// Both users send concurrently, each on several sockets; returns all acks.
async fn everybody_sends(alice: &User, bob: &User) -> Vec<Value> {
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        senders.push((alice.connect().await, bob.id.clone()));
        senders.push((bob.connect().await, alice.id.clone()));
    }
    let send = async |(mut socket, to): (Socket, String)| {
        let mut acks = Vec::new();
        for n in 0..MESSAGES {
            acks.push(socket.say(&to, &format!("message {n}")).await);
        }
        acks
    };
    join_all(senders.into_iter().map(send)).await.concat()
}

fn seqs(messages: &[Value]) -> Vec<u64> {
    messages.iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn positions_are_dense_with_eight_concurrent_senders() {
    let [alice, bob] = Chat::new().users().await;
    let acks = everybody_sends(&alice, &bob).await;
    let mut acked = seqs(&acks);
    acked.sort_unstable();
    let dense: Vec<u64> = (1..=ALL as u64).collect();
    assert_eq!(acked, dense);
    let log = alice.log(&alice.dm(&bob)).await;
    assert_eq!(seqs(&log), dense);
    for ack in &acks {
        let place = usize::try_from(ack["seq"].as_u64().unwrap()).unwrap() - 1;
        assert_eq!(log[place]["client_message_id"], ack["id"]);
    }
}

#[tokio::test]
async fn events_sync_history_and_http_show_one_order() {
    let [alice, bob] = Chat::new().users().await;
    let (mut watching, dm) = (bob.another_device().await.connect().await, alice.dm(&bob));
    everybody_sends(&alice, &bob).await;
    let mut events = Vec::new();
    while events.len() < ALL {
        let mut event = watching.next("message").await;
        event.as_object_mut().unwrap().remove("type");
        if !events.contains(&event) {
            events.push(event);
        }
    }
    events.sort_by_key(|event| event["seq"].as_u64());
    assert_eq!(alice.log(&dm).await, events);
    assert_eq!(bob.log(&dm).await, events);
    assert_eq!(watching.missed(&dm, json!({})).await, events);
    let page = watching.ask(json!({"action": "history", "conversation": dm, "after": 0, "limit": 100})).await;
    assert_eq!(page["messages"], Value::from(events));
}

#[tokio::test]
async fn one_sender_who_waits_for_acks_is_read_in_that_order() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    for n in 1..=10_u64 {
        assert_eq!(phone.say(&bob.id, &n.to_string()).await["seq"], n);
    }
    for message in bob.log(&alice.dm(&bob)).await {
        assert_eq!(message["text"], message["seq"].to_string());
    }
}
