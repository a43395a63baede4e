//! The same message sent again.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, Socket, User, fresh_id};

fn frame(id: &str, to: &str) -> Value {
    json!({"action": "send", "id": id, "to": to, "text": "once"})
}

/// Sends the same frame ten times at once on two sockets; gives the answers.
async fn ten_at_once(user: &User, frame: &Value) -> Vec<Value> {
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

/// Checks that the answers are of one message, and that one of them is of its making.
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
async fn of_ten_first_messages_at_once_with_one_id_one_is_no_duplicate() {
    let [alice, bob] = Chat::new().users().await;
    let answers = ten_at_once(&alice, &frame("burst", &bob.id)).await;
    check_one(&alice, &alice.dm(&bob), &answers, "burst").await;
}

#[tokio::test]
async fn of_ten_sends_at_once_with_one_id_one_is_no_duplicate() {
    let [alice, bob] = Chat::new().users().await;
    bob.connect().await.say(&alice.id, "go on").await;
    for id in ["one", "two", "three"] {
        let answers = ten_at_once(&alice, &frame(id, &bob.id)).await;
        check_one(&alice, &alice.dm(&bob), &answers, id).await;
    }
}

#[tokio::test]
async fn of_ten_posts_at_once_with_one_id_one_is_no_duplicate() {
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
async fn what_was_said_first_stays_said() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    phone.ask(frame("first", &bob.id)).await;
    let again =
        phone.ask(json!({"action": "send", "id": "first", "to": bob.id, "text": "something else"})).await;
    assert_eq!(again["duplicate"], true);
    assert_eq!(alice.log(&alice.dm(&bob)).await[0]["text"], "once");
}

#[tokio::test]
async fn a_refused_message_leaves_its_id_free() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    phone.refused(json!({"action": "send", "id": "free", "to": bob.id, "text": ""}), "bad_request").await;
    let ack = phone.ask(frame("free", &bob.id)).await;
    assert_eq!((&ack["seq"], &ack["duplicate"]), (&1.into(), &false.into()));
}
