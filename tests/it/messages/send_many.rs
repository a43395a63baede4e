//! Several messages in one frame.

use serde_json::{Value, json};
use tests::{Chat, Socket, User, fresh_id};

struct Scene {
    alice: User,
    bob: User,
    phone: Socket,
    dm: String,
}

async fn scene() -> Scene {
    let [alice, bob] = Chat::new().users().await;
    let (phone, dm) = (alice.connect().await, alice.dm(&bob));
    Scene { alice, bob, phone, dm }
}

fn text(id: &str) -> Value {
    json!({"id": id, "text": format!("text of {id}")})
}

fn frame(to: &str, messages: &[Value]) -> Value {
    json!({"action": "send_many", "id": fresh_id(), "to": to, "messages": messages})
}

/// Sends the messages; returns their outcomes.
async fn outcomes(phone: &mut Socket, to: &str, messages: &[Value]) -> Vec<Value> {
    let answer = phone.ask(frame(to, messages)).await;
    assert_eq!(answer["type"], "acks", "{answer}");
    answer["acks"].as_array().unwrap().clone()
}

fn ids(messages: &[Value], field: &str) -> Vec<String> {
    messages.iter().map(|message| message[field].as_str().unwrap_or("none").to_owned()).collect()
}

#[tokio::test]
async fn messages_are_stored_in_their_order_and_each_has_an_ack() {
    let Scene { alice, bob, mut phone, dm } = scene().await;
    let mut bobs = bob.connect().await;
    let names: Vec<String> = (0..16).map(|n| format!("m{n}")).collect();
    let messages: Vec<Value> = names.iter().map(|name| text(name)).collect();
    let acks = outcomes(&mut phone, &bob.id, &messages).await;
    assert_eq!(ids(&acks, "id"), names);
    let log = alice.log(&dm).await;
    assert_eq!(ids(&log, "client_message_id"), names);
    for (ack, message) in acks.iter().zip(&log) {
        let expected = json!({
            "id": message["client_message_id"], "seq": message["seq"], "sent_at_ms": message["sent_at_ms"],
            "duplicate": false,
        });
        assert_eq!(*ack, expected);
        assert_eq!(bobs.next("message").await["seq"], ack["seq"]);
    }
}

#[tokio::test]
async fn an_id_that_is_too_long_is_not_echoed() {
    let Scene { bob, mut phone, .. } = scene().await;
    let acks = outcomes(&mut phone, &bob.id, &[text("fits"), text(&"x".repeat(65)), text("behind")]).await;
    assert_eq!((acks.len(), &acks[0]["id"]), (2, &json!("fits")));
    assert_eq!((&acks[1]["code"], acks[1].get("id")), (&json!("bad_request"), None), "{acks:?}");
    let acks = outcomes(&mut phone, &bob.id, &[text(&"x".repeat(64))]).await;
    assert_eq!(acks[0]["id"], "x".repeat(64));
}

#[tokio::test]
async fn a_message_that_is_resent_alone_or_with_others_is_one_message() {
    let Scene { alice, bob, mut phone, dm } = scene().await;
    let first = outcomes(&mut phone, &bob.id, &[text("a"), text("b"), text("a")]).await;
    let duplicates = |acks: &[Value]| acks.iter().map(|ack| ack["duplicate"] == true).collect::<Vec<_>>();
    assert_eq!(duplicates(&first), [false, false, true]);
    let again = outcomes(&mut phone, &dm, &[text("b"), text("c")]).await;
    assert_eq!(duplicates(&again), [true, false]);
    let one = json!({"action": "send", "id": "c", "to": bob.id, "text": "text of c"});
    assert_eq!(phone.deliver(one).await["duplicate"], true);
    assert_eq!(ids(&alice.log(&dm).await, "client_message_id"), ["a", "b", "c"]);
}

#[tokio::test]
async fn messages_after_the_first_failure_are_not_sent() {
    let Scene { alice, bob, mut phone, dm } = scene().await;
    let wrong = [
        (json!({"id": "x", "text": ""}), "bad_request"),
        (json!({"id": "x"}), "bad_request"),
        (json!({"id": "", "text": "hello"}), "bad_request"),
        (json!({"id": "x", "text": "hello", "reply_to": 999}), "bad_request"),
        (json!({"id": "a", "text": "other content"}), "conflict"),
    ];
    for (message, code) in wrong {
        let acks = outcomes(&mut phone, &bob.id, &[text("a"), message.clone(), text("never")]).await;
        assert_eq!((ids(&acks, "id")[0].as_str(), acks.len()), ("a", 2), "{acks:?}");
        assert_eq!((&acks[1]["id"], &acks[1]["code"]), (&message["id"], &code.into()));
        assert!(acks[1]["message"].is_string());
    }
    assert_eq!(ids(&alice.log(&dm).await, "client_message_id"), ["a"]);
}

#[tokio::test]
async fn a_frame_that_is_wrong_as_a_whole_is_refused_and_nothing_is_sent() {
    let Scene { alice, bob, mut phone, dm } = scene().await;
    let many: Vec<Value> = (0..17).map(|n| text(&format!("m{n}"))).collect();
    for messages in
        [json!([]), json!(many), json!("a"), json!([{"text": "no id"}]), json!(["a"]), Value::Null]
    {
        let frame = json!({"action": "send_many", "id": "wrong", "to": bob.id, "messages": messages});
        phone.refused(frame, "bad_request").await;
    }
    let without_id = json!({"action": "send_many", "to": bob.id, "messages": [text("a")]});
    phone.send(&without_id).await;
    phone.next_error("bad_request").await;
    phone.refused(frame(&alice.id, &[text("a")]), "bad_request").await;
    assert!(alice.page(&dm, "").await.ok()["messages"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_blocked_user_sends_nothing() {
    let Scene { alice, bob, mut phone, dm } = scene().await;
    outcomes(&mut phone, &bob.id, &[text("a")]).await;
    bob.block(&alice).await;
    let acks = outcomes(&mut phone, &bob.id, &[text("a"), text("b"), text("c")]).await;
    assert_eq!(acks.len(), 2, "{acks:?}");
    assert_eq!((&acks[0]["duplicate"], &acks[1]["code"]), (&true.into(), &"forbidden".into()));
    assert_eq!(alice.log(&dm).await.len(), 1);
}

#[tokio::test]
async fn messages_of_an_outbox_mark_what_their_author_has_read() {
    let Scene { alice, bob, mut phone, dm } = scene().await;
    for n in 0..3 {
        bob.post_text(&dm, &format!("message {n}")).await;
    }
    let seen = |id: &str, read_seq: u64| json!({"id": id, "text": "hello", "read_seq": read_seq});
    outcomes(&mut phone, &bob.id, &[seen("a", 1), seen("b", 2)]).await;
    let row = alice.listed(&dm).await;
    assert_eq!((&row["read_seq"], &row["unread_count"]), (&2.into(), &1.into()), "{row}");
}
