//! `kill -9` during requests.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::runner::{Runner, TempDir};
use tests::{Received, Socket, User};

const BURST: usize = 300;
/// Acks after which the process is killed, with more messages in progress.
const ACKS: usize = 100;
/// Number of messages in progress; a client has at most 16 unacked per conversation.
const UNACKED_MAX: usize = 16;

fn frame(n: usize, to: &str) -> Value {
    frame_of(&format!("burst-{n}"), to)
}

fn frame_of(id: &str, to: &str) -> Value {
    json!({"action": "send", "id": id, "to": to, "text": format!("text of {id}")})
}

/// Records the position of a message, if the answer is an ack.
fn note(acked: &mut BTreeMap<String, u64>, answer: &Value) {
    if answer["type"] == "ack" {
        acked.insert(answer["id"].as_str().unwrap().to_owned(), answer["seq"].as_u64().unwrap());
    }
}

/// Sends as fast as a client may, and kills the server meanwhile; returns the acks.
async fn burst(confab: Runner, phone: &mut Socket, to: &str) -> BTreeMap<String, u64> {
    let (mut acked, mut sent, mut oldest) = (BTreeMap::new(), 0, 0);
    while acked.len() < ACKS {
        while sent - oldest < UNACKED_MAX {
            phone.send(&frame(sent, to)).await;
            sent += 1;
        }
        let answer = phone.next_frame().await;
        note(&mut acked, &answer);
        if answer["code"] == "unavailable" {
            phone.send(&frame_of(answer["id"].as_str().unwrap(), to)).await;
        }
        while acked.contains_key(&format!("burst-{oldest}")) {
            oldest += 1;
        }
    }
    confab.kill().await;
    while let Received::Frame(answer) = phone.receive("what is left").await {
        note(&mut acked, &answer);
    }
    acked
}

#[tokio::test]
async fn acked_messages_are_stored_after_a_kill_in_the_middle_of_a_burst() {
    let data = TempDir::new();
    let confab = Runner::with_data(data.path()).await;
    let [alice, bob] = confab.chat().users().await;
    let (dm, mut phone) = (alice.dm(&bob), alice.connect().await);
    let acked = burst(confab, &mut phone, &bob.id).await;

    let confab = Runner::with_data(data.path()).await;
    let chat = confab.chat();
    let bob = User { http: chat.http.with_token(&bob.access_token), ..bob };
    let alice = User { http: chat.http.with_token(&alice.access_token), ..alice };
    let log = bob.log(&dm).await;
    for (place, message) in log.iter().enumerate() {
        assert_eq!(message["seq"], place + 1);
    }
    for (id, seq) in &acked {
        let message = &log[usize::try_from(*seq).unwrap() - 1];
        assert_eq!(message["client_message_id"], *id);
        assert_eq!(message["text"], format!("text of {id}"));
    }
    resend(&alice, &bob, &acked).await;
}

/// Resends the messages without an ack, as a client does, and checks that every message is stored once.
async fn resend(alice: &User, bob: &User, acked: &BTreeMap<String, u64>) {
    let mut phone = alice.connect().await;
    for n in (0..BURST).filter(|n| !acked.contains_key(&format!("burst-{n}"))) {
        phone.deliver(frame(n, &bob.id)).await;
    }
    let log = bob.log(&alice.dm(bob)).await;
    let mut ids: Vec<&str> =
        log.iter().map(|message| message["client_message_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!((count, ids.len()), (BURST, BURST));
}
