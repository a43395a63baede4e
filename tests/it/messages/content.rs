//! The content of messages.

use serde_json::{Value, json};
use tests::{Chat, User, fresh_id};

/// What Bob's devices and pages show of a message of Alice that is sent over the socket and over HTTP.
async fn seen_everywhere(alice: &User, bob: &User, fields: &Value) -> Vec<Value> {
    let (mut phone, mut socket, dm) = (alice.connect().await, bob.connect().await, alice.dm(bob));
    let mut frame = fields.clone();
    (frame["action"], frame["id"], frame["to"]) = ("send".into(), fresh_id().into(), bob.id.as_str().into());
    let mut post = fields.clone();
    post["client_message_id"] = fresh_id().into();
    let mut seen = Vec::new();
    for seq in
        [phone.deliver(frame).await, alice.post_message(&dm, &post).await.ok()].map(|ack| ack["seq"].clone())
    {
        seen.push(socket.next("message").await);
        let before = seq.as_u64().unwrap() - 1;
        seen.extend(socket.missed(&dm, json!({&dm: before})).await);
        let page = json!({"action": "history", "conversation": dm, "after": before, "limit": 1});
        seen.push(socket.ask(page).await["messages"][0].clone());
        seen.push(bob.page(&dm, &format!("after={before}")).await.ok()["messages"][0].clone());
    }
    seen
}

#[tokio::test]
async fn every_text_arrives_as_it_was_sent() {
    let [alice, bob] = Chat::new().users().await;
    for text in [
        "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪",
        "שלום \u{202e}abc\u{202c} مرحبا",
        "nul \u{0} bell \u{7} escape \u{1b}[31mred\u{1b}[0m",
        "\\u0041 \\n \" ' \\ / \r\n\t",
        "<script>alert(1)</script> &amp; ${x} {{y}} %s %00",
        "e\u{301} é \u{feff}bom\u{200b} \u{fffd} \u{10ffff} \u{2028}\u{2029}",
        "'; DROP TABLE messages; --",
        "  leading and trailing  ",
    ] {
        let seen = seen_everywhere(&alice, &bob, &json!({"text": text})).await;
        assert!(seen.len() >= 8);
        seen.iter().for_each(|message| assert_eq!(message["text"], text));
    }
}

#[tokio::test]
async fn escapes_in_json_are_the_characters_that_they_mean() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    let text = r#"\u0000\ud83d\ude42\u00e4\/\b"#;
    phone.send_text(&format!(r#"{{"action":"send","id":"esc","to":"{}","text":"{text}"}}"#, bob.id)).await;
    phone.expect_ack("esc").await;
    assert_eq!(bob.log(&alice.dm(&bob)).await[0]["text"], "\u{0}🙂ä/\u{8}");
}

#[tokio::test]
async fn half_a_surrogate_pair_is_refused() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    phone.send_text(&format!(r#"{{"action":"send","id":"half","to":"{}","text":"\ud83d"}}"#, bob.id)).await;
    let answer = phone.next_frame().await;
    assert_eq!((&answer["type"], &answer["code"]), (&"error".into(), &"bad_request".into()));
    let problem = "text: half of a surrogate pair; an escaped character beyond U+FFFF needs both";
    assert_eq!(answer["message"], problem);
    let body = r#"{"client_message_id":"half","text":"\ud83d"}"#;
    let path = format!("/v1/conversations/{}/messages", alice.dm(&bob));
    let answer = alice.http.send(http::Method::POST, &path, body).await;
    assert_eq!(answer.refused(400, "bad_request")["message"], problem);
    assert!(alice.log(&alice.dm(&bob)).await.is_empty());
}

#[tokio::test]
async fn replies_and_mentions_arrive_with_the_message() {
    let [alice, bob] = Chat::new().users().await;
    bob.post_text(&alice.dm(&bob), "question").await;
    let fields = json!({"text": "answer", "reply_to": 1, "mentions": [bob.id, alice.id]});
    for message in seen_everywhere(&alice, &bob, &fields).await {
        assert_eq!((&message["reply_to"], &message["mentions"]), (&1.into(), &json!([bob.id, alice.id])));
    }
}

#[tokio::test]
async fn absent_fields_stay_absent() {
    let [alice, bob] = Chat::new().users().await;
    for message in
        seen_everywhere(&alice, &bob, &json!({"text": "plain", "mentions": [], "reply_to": null})).await
    {
        for field in ["reply_to", "mentions", "attachments", "truncated"] {
            assert!(message.get(field).is_none(), "{message}");
        }
    }
}

#[tokio::test]
async fn a_reply_needs_a_message_and_a_mention_a_user() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    let many: Vec<&str> = vec![&bob.id; 101];
    for (field, value) in [
        ("reply_to", json!(0)),
        ("reply_to", json!(1)),
        ("reply_to", json!("1")),
        ("mentions", json!("everybody")),
        ("mentions", json!(["everybody"])),
        ("mentions", json!([7])),
        ("mentions", json!(many)),
    ] {
        let mut frame = json!({"action": "send", "to": bob.id, "text": "hello"});
        frame[field] = value;
        let error = phone.refused(frame, "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
    assert!(alice.log(&alice.dm(&bob)).await.is_empty());
}
