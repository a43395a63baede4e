//! Frames of one socket that write into one conversation take effect in the order in which they were sent.

use serde_json::{Value, json};
use tests::runner::Runner;
use tests::times;

/// More than the gateway handles side by side for one socket.
const FRAMES: usize = 100;

fn id(n: usize) -> String {
    format!("frame-{n}")
}

#[tokio::test]
async fn frames_sent_without_waiting_are_stored_in_their_order() {
    let confab = Runner::start(&[&["--memory"], &times::FLAGS[..]].concat()).await;
    let [alice, bob] = confab.chat().users().await;
    let (mut phone, dm) = (alice.connect().await, alice.dm(&bob));
    // The recipient is named in two ways, and some frames have several messages.
    for n in 0..FRAMES {
        let to = if n % 2 == 0 { &bob.id } else { &dm };
        let frame = if n % 5 == 4 {
            let messages = [0, 1].map(|part| json!({"id": format!("{}-{part}", id(n)), "text": "hello"}));
            json!({"action": "send_many", "id": id(n), "to": to, "messages": messages})
        } else {
            json!({"action": "send", "id": id(n), "to": to, "text": "hello"})
        };
        phone.send(&frame).await;
    }
    for n in 0..FRAMES {
        let answer = phone.next_frame().await;
        assert_eq!(answer["id"], id(n), "answers come in the same order");
    }
    let expected: Vec<String> = (0..FRAMES)
        .flat_map(
            |n| if n % 5 == 4 { vec![format!("{}-0", id(n)), format!("{}-1", id(n))] } else { vec![id(n)] },
        )
        .collect();
    let log: Vec<Value> = alice.log(&dm).await;
    let found: Vec<&str> = log.iter().map(|message| message["client_message_id"].as_str().unwrap()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_read_that_follows_a_message_counts_after_it() {
    let confab = Runner::start(&[&["--memory"], &times::FLAGS[..]].concat()).await;
    let [alice, bob] = confab.chat().users().await;
    let (mut phone, dm) = (alice.connect().await, alice.dm(&bob));
    for n in 1..=30_u64 {
        phone.send(&json!({"action": "send", "id": format!("m{n}"), "to": bob.id, "text": "hello"})).await;
        phone.send(&json!({"action": "read", "id": format!("r{n}"), "conversation": dm, "seq": n})).await;
    }
    for n in 1..=30 {
        assert_eq!(phone.answer_to(&format!("m{n}")).await["type"], "ack");
        assert_eq!(phone.answer_to(&format!("r{n}")).await["type"], "ok", "the message was stored");
    }
}

/// A request that reads is not delayed by messages before it.
#[tokio::test]
async fn frames_of_other_conversations_and_those_that_read_may_overtake() {
    let confab = Runner::start(&[&["--memory"], &times::FLAGS[..]].concat()).await;
    let [alice, bob, carol] = confab.chat().users().await;
    let mut phone = alice.connect().await;
    for n in 0..20 {
        for to in [&bob.id, &carol.id] {
            phone
                .send(&json!({"action": "send", "id": format!("{to}-{n}"), "to": to, "text": "hello"}))
                .await;
        }
    }
    for other in [&bob, &carol] {
        for n in 0..20 {
            phone.expect_ack(&format!("{}-{n}", other.id)).await;
        }
        let log = alice.log(&alice.dm(other)).await;
        let found: Vec<&Value> = log.iter().map(|message| &message["client_message_id"]).collect();
        let expected: Vec<Value> = (0..20).map(|n| format!("{}-{n}", other.id).into()).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
    }
}
