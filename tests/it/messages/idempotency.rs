//! Resent messages.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, Socket, User, fresh_id};

fn frame(id: &str, to: &str) -> Value {
    json!({"action": "send", "id": id, "to": to, "text": "once"})
}

/// Sends the same frame ten times concurrently on two sockets; returns the answers.
async fn ten_concurrently(user: &User, frame: &Value) -> Vec<Value> {
    let mut sockets = [user.connect().await, user.another_device().await.connect().await];
    let five_times = async |socket: &mut Socket| {
        for _ in 0..5 {
            socket.send(frame).await;
        }
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(socket.answer_to(frame["id"].as_str().unwrap()).await);
        }
        answers
    };
    join_all(sockets.iter_mut().map(five_times)).await.concat()
}

/// Checks that the answers are of one message, and that one of them is no duplicate.
async fn check_one(user: &User, conversation: &str, answers: &[Value], id: &str) {
    let fresh = answers.iter().filter(|answer| answer["duplicate"] == false).count();
    assert_eq!(fresh, 1, "{answers:?}");
    let log = user.log(conversation).await;
    let own: Vec<&Value> = log.iter().filter(|message| message["client_message_id"] == id).collect();
    assert_eq!(own.len(), 1, "{log:?}");
    for answer in answers {
        assert_eq!(
            (&answer["type"], &answer["seq"], &answer["sent_at_ms"]),
            (&"ack".into(), &own[0]["seq"], &own[0]["sent_at_ms"])
        );
    }
}

#[tokio::test]
async fn a_message_sent_again_is_one_message() {
    let [alice, bob] = Chat::new().users().await;
    let (dm, frame) = (alice.dm(&bob), frame("again", &bob.id));
    let mut phone = alice.connect().await;
    let mut answers = vec![phone.ask(frame.clone()).await, phone.ask(frame.clone()).await];
    answers.push(alice.another_device().await.connect().await.ask(frame).await);
    let body = json!({"client_message_id": "again", "text": "once"});
    let mut over_http = alice.post_message(&dm, &body).await.ok();
    over_http["type"] = "ack".into();
    answers.push(over_http);
    assert_eq!(answers[0]["duplicate"], false);
    check_one(&alice, &dm, &answers, "again").await;
}

#[tokio::test]
async fn of_ten_concurrent_first_messages_with_one_id_one_is_no_duplicate() {
    let [alice, bob] = Chat::new().users().await;
    let answers = ten_concurrently(&alice, &frame("burst", &bob.id)).await;
    check_one(&alice, &alice.dm(&bob), &answers, "burst").await;
}

#[tokio::test]
async fn of_ten_concurrent_sends_with_one_id_one_is_no_duplicate() {
    let [alice, bob] = Chat::new().users().await;
    bob.connect().await.say(&alice.id, "go on").await;
    for id in ["one", "two", "three"] {
        let answers = ten_concurrently(&alice, &frame(id, &bob.id)).await;
        check_one(&alice, &alice.dm(&bob), &answers, id).await;
    }
}

#[tokio::test]
async fn of_ten_concurrent_posts_with_one_id_one_is_no_duplicate() {
    let [alice, bob] = Chat::new().users().await;
    let (dm, body) = (alice.dm(&bob), json!({"client_message_id": "posted", "text": "once"}));
    let posts = join_all((0..10).map(|_| alice.post_message(&dm, &body))).await;
    let answers: Vec<Value> = posts
        .into_iter()
        .map(|post| {
            let mut answer = post.ok();
            answer["type"] = "ack".into();
            answer
        })
        .collect();
    check_one(&alice, &dm, &answers, "posted").await;
}

#[tokio::test]
async fn the_last_32_messages_can_be_sent_again() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    let ids: Vec<String> = (0..33).map(|_| fresh_id()).collect();
    let mut acks = Vec::new();
    for id in &ids {
        acks.push(phone.ask(frame(id, &bob.id)).await);
        bob.post_text(&alice.dm(&bob), "between").await;
    }
    for (id, ack) in ids.iter().zip(&acks).skip(1) {
        let again = phone.ask(frame(id, &bob.id)).await;
        assert_eq!((&again["seq"], &again["duplicate"]), (&ack["seq"], &true.into()));
    }
    assert_eq!(alice.log(&alice.dm(&bob)).await.len(), 66);
}

#[tokio::test]
async fn ids_of_different_users_and_conversations_are_different() {
    let [alice, bob, carol] = Chat::new().users().await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    for answer in [
        alices.ask(frame("same", &bob.id)).await,
        alices.ask(frame("same", &carol.id)).await,
        bobs.ask(frame("same", &alice.id)).await,
    ] {
        assert_eq!(answer["duplicate"], false, "{answer}");
    }
    assert_eq!(alice.log(&alice.dm(&bob)).await.len(), 2);
    assert_eq!(alice.log(&alice.dm(&carol)).await.len(), 1);
}

#[tokio::test]
async fn another_message_under_a_used_id_is_a_conflict() {
    let [alice, bob, carol] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let mut phone = alice.connect().await;
    bob.post_text(&dm, "a question").await;
    let mentions = json!([bob.id, carol.id]);
    let said = json!({"text": "once", "reply_to": 1, "mentions": mentions});
    let with = |field: &str, value: Value| {
        let mut changed = said.clone();
        changed[field] = value;
        changed
    };
    let frame = |mut said: Value| {
        said["action"] = "send".into();
        said["id"] = "first".into();
        said["to"] = bob.id.as_str().into();
        said
    };
    let first = phone.ask(frame(said.clone())).await;
    assert_eq!(first["duplicate"], false);
    for other in [
        with("text", "once more".into()),
        with("text", "Once".into()),
        with("reply_to", Value::Null),
        with("mentions", json!([bob.id])),
        with("mentions", Value::Null),
    ] {
        phone.refused(frame(other.clone()), "conflict").await;
        alice.another_device().await.connect().await.refused(frame(other.clone()), "conflict").await;
        let mut body = other;
        body["client_message_id"] = "first".into();
        alice.post_message(&dm, &body).await.refused(409, "conflict");
    }
    for same in [said.clone(), with("mentions", json!([carol.id, bob.id, carol.id]))] {
        let again = phone.ask(frame(same)).await;
        assert_eq!((&again["seq"], &again["duplicate"]), (&first["seq"], &true.into()));
    }
    let log = alice.log(&dm).await;
    assert_eq!((log.len(), &log[1]["text"]), (2, &"once".into()));
}

/// Both texts are sent at the same time: one is acked, the other is a conflict.
#[tokio::test]
async fn of_two_concurrent_messages_with_one_id_one_is_a_conflict() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    bob.post_text(&dm, "go on").await;
    for round in 0..10 {
        let id = format!("one-of-two-{round}");
        let text = |text: &str| json!({"client_message_id": id, "text": text});
        let (one, other) = (text("one"), text("other"));
        let (one, other) =
            futures_util::future::join(alice.post_message(&dm, &one), alice.post_message(&dm, &other)).await;
        let (acked, refused) = if one.status == 200 { (one, other) } else { (other, one) };
        assert_eq!(acked.ok()["duplicate"], false);
        refused.refused(409, "conflict");
        assert_eq!(alice.log(&dm).await.len(), 2 + round);
    }
}

#[tokio::test]
async fn the_id_of_a_change_of_a_group_is_no_messages() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let created = &alice.log(&group).await[0];
    let mut phone = alice.connect().await;
    let frame = json!({"action": "send", "id": created["client_message_id"], "to": group, "text": "hello"});
    phone.refused(frame, "conflict").await;
    assert_eq!(alice.log(&group).await.len(), 1);
}

/// More refused messages than there are places for ids, and as many as a client may have in progress.
#[tokio::test]
async fn refused_messages_take_no_place() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let mut phone = alice.connect().await;
    let ids: Vec<String> = (0..32).map(|_| fresh_id()).collect();
    let mut acks = Vec::new();
    for id in &ids {
        acks.push(phone.ask(frame(id, &bob.id)).await);
    }
    bob.block(&alice).await;
    for n in 0..4 {
        let refused: Vec<String> = (0..16).map(|_| fresh_id()).collect();
        for id in &refused {
            phone.send(&frame(id, &bob.id)).await;
        }
        for id in &refused {
            let answer = phone.answer_to(id).await;
            assert_eq!(answer["code"], "forbidden", "round {n}: {answer}");
        }
    }
    bob.unblock(&alice).await;
    // The tail of the log alone does not show them then.
    for _ in 0..8 {
        bob.post_text(&dm, "between").await;
    }
    for (id, ack) in ids.iter().zip(&acks) {
        let again = phone.ask(frame(id, &bob.id)).await;
        assert_eq!((&again["seq"], &again["duplicate"]), (&ack["seq"], &true.into()), "{again}");
    }
    assert_eq!(alice.log(&dm).await.len(), 40);
}

/// Two ids whose SHA-256 begins with the same six bytes, which is more than is stored of them.
#[tokio::test]
async fn ids_that_are_alike_to_the_store_are_two_messages() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    let (one, other) = (frame("key-467610", &bob.id), frame("key-4889369", &bob.id));
    let (first, second) = (phone.ask(one.clone()).await, phone.ask(other.clone()).await);
    assert_eq!((&first["duplicate"], &second["duplicate"]), (&false.into(), &false.into()));
    for _ in 0..40 {
        phone.say(&bob.id, "and").await;
    }
    for (frame, ack) in [(one, first), (other, second)] {
        let again = phone.ask(frame).await;
        assert_eq!((&again["seq"], &again["duplicate"]), (&ack["seq"], &true.into()));
    }
}

#[tokio::test]
async fn a_refused_message_leaves_its_id_free() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    phone.refused(json!({"action": "send", "id": "free", "to": bob.id, "text": ""}), "bad_request").await;
    let ack = phone.ask(frame("free", &bob.id)).await;
    assert_eq!((&ack["seq"], &ack["duplicate"]), (&1.into(), &false.into()));
}
