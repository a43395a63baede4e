//! Invalid frames: each is answered and changes nothing.

use serde_json::{Value, json};
use tests::{Chat, Socket, User, ministack_differs};

struct Scene {
    alice: User,
    bob: User,
    phone: Socket,
}

async fn scene() -> Scene {
    let [alice, bob] = Chat::new().users().await;
    let phone = alice.connect().await;
    Scene { alice, bob, phone }
}

impl Scene {
    /// Checks that the socket is open and that no further frame has come.
    async fn check_unharmed(mut self) {
        self.phone.assert_quiet().await;
        assert!(self.alice.chat_list().await.is_empty() && self.bob.chat_list().await.is_empty());
    }

    async fn check_no_frame(&mut self, text: &str) {
        self.phone.send_text(text).await;
        self.phone.next_error("bad_request").await;
        self.phone.assert_alive().await;
    }

    /// Checks that a frame is refused and that the refusal names the field.
    async fn check_field(&mut self, frame: Value, field: &str) {
        let error = self.phone.refused(frame, "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
        self.phone.assert_alive().await;
    }
}

#[tokio::test]
async fn a_frame_that_is_no_json_object_is_answered_without_an_id() {
    let mut scene = scene().await;
    let deep = "[".repeat(20_000);
    for text in [
        "",
        " ",
        "nonsense",
        "{",
        "}",
        "[]",
        "[1]",
        "7",
        "-0.0",
        "null",
        "true",
        "\"text\"",
        "\u{0}",
        "{}{}",
        r#"{"action":"heartbeat"} x"#,
        r#"{"action":"heartbeat",}"#,
        r#"{action:"heartbeat"}"#,
        r#"[{"action":"heartbeat","id":"x"}]"#,
        if ministack_differs("ends the socket at deep JSON; API Gateway takes `$default`") {
            ""
        } else {
            &deep
        },
    ] {
        scene.check_no_frame(text).await;
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_frame_is_answered_however_deep_it_is() {
    let mut scene = scene().await;
    for (open, close) in [("[", "]"), (r#"{"x":"#, "}")] {
        let nested = format!("{}1{}", open.repeat(4_000), close.repeat(4_000));
        scene.phone.send_text(&format!(r#"{{"action":"heartbeat","id":"deep","x":{nested}}}"#)).await;
        scene.phone.next_frame().await;
        scene.phone.assert_alive().await;
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_frame_without_an_action_is_refused() {
    let mut scene = scene().await;
    scene.check_field(json!({}), "action").await;
    for action in [json!(null), json!(7), json!(["send"]), json!({"send": 1}), json!(true)] {
        scene.check_field(json!({"action": action}), "action").await;
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn an_unknown_action_is_refused_as_unknown() {
    let mut scene = scene().await;
    let gateways_own = ["$connect", "$disconnect", "$default"];
    for action in ["fly", "", "Send", "send ", "ack", "message", "🙂"].into_iter().chain(gateways_own) {
        let is_gateways = gateways_own.contains(&action);
        if is_gateways
            && ministack_differs("calls `$connect` for a frame that names it; API Gateway does not")
        {
            continue;
        }
        scene
            .phone
            .refused(json!({"action": action, "to": scene.bob.id, "text": "x"}), "unknown_action")
            .await;
        scene.phone.assert_alive().await;
    }
    scene.phone.send(&json!({"action": "fly"})).await;
    scene.phone.next_error("unknown_action").await;
    scene.check_unharmed().await;
}

#[tokio::test]
async fn missing_fields_are_named() {
    let mut scene = scene().await;
    let dm = scene.alice.dm(&scene.bob);
    for (frame, field) in [
        (json!({"action": "send", "text": "x"}), "to"),
        (json!({"action": "sync"}), "cursors"),
        (json!({"action": "history"}), "conversation"),
        (json!({"action": "read", "conversation": dm}), "seq"),
        (json!({"action": "read", "seq": 1}), "conversation"),
    ] {
        scene.check_field(frame, field).await;
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_required_id_is_named_too() {
    let mut scene = scene().await;
    for frame in [
        json!({"action": "send", "to": scene.bob.id, "text": "x"}),
        json!({"action": "sync", "cursors": {}}),
        json!({"action": "history", "conversation": scene.alice.dm(&scene.bob)}),
    ] {
        scene.phone.send(&frame).await;
        let error = scene.phone.next_error("bad_request").await;
        assert!(error["message"].as_str().unwrap().contains("id"), "{error}");
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn fields_of_the_wrong_type_are_named() {
    let mut scene = scene().await;
    let (dm, bob) = (scene.alice.dm(&scene.bob), scene.bob.id.clone());
    for value in [json!(7), json!(1.5), json!(true), json!([]), json!({}), json!(["x"])] {
        scene.check_field(json!({"action": "send", "to": value, "text": "x"}), "to").await;
        scene.check_field(json!({"action": "send", "to": bob, "text": value}), "text").await;
        scene.check_field(json!({"action": "history", "conversation": value}), "conversation").await;
        scene.check_field(json!({"action": "read", "conversation": value, "seq": 1}), "conversation").await;
    }
    scene
        .check_field(json!({"action": "send", "to": bob, "text": "x", "attachments": "med"}), "attachments")
        .await;
    scene.check_field(json!({"action": "read", "conversation": dm, "seq": "1"}), "seq").await;
    scene.check_unharmed().await;
}

#[tokio::test]
async fn an_id_that_is_no_text_is_refused() {
    let mut scene = scene().await;
    for id in [json!(7), json!([]), json!({}), json!(true)] {
        for action in ["heartbeat", "send", "sync", "read", "history", "typing", "presence"] {
            scene.phone.send(&json!({"action": action, "id": id})).await;
            scene.phone.next_error("bad_request").await;
        }
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn an_id_has_at_most_64_bytes() {
    let mut scene = scene().await;
    for (id, fits) in
        [("x".repeat(64), true), ("ä".repeat(32), true), ("x".repeat(65), false), ("ä".repeat(33), false)]
    {
        scene.phone.send(&json!({"action": "heartbeat", "id": id})).await;
        if fits {
            assert_eq!(scene.phone.answer_to(&id).await["type"], "heartbeat");
        } else {
            scene.phone.next_error("bad_request").await;
        }
        scene.phone.send(&json!({"action": "send", "id": id, "to": scene.bob.id, "text": "x"})).await;
        if fits {
            scene.phone.expect_ack(&id).await;
        } else {
            scene.phone.next_error("bad_request").await;
        }
    }
    scene
        .phone
        .refused(json!({"action": "send", "id": "", "to": scene.bob.id, "text": "x"}), "bad_request")
        .await;
    assert_eq!(scene.bob.log(&scene.alice.dm(&scene.bob)).await.len(), 2);
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let mut scene = scene().await;
    let frame = json!({"action": "send", "to": scene.bob.id, "text": "x", "seq": 99, "sender": scene.bob.id,
        "kind": "member_added", "type": "ack", "sent_at_ms": 1, "conversation": "dm_x", "$": {"a": [null]}});
    assert_eq!(
        scene
            .phone
            .deliver({
                let mut frame = frame;
                frame["id"] = "extra".into();
                frame
            })
            .await["seq"],
        1
    );
    let message = &scene.bob.log(&scene.alice.dm(&scene.bob)).await[0];
    assert_eq!((&message["sender"], &message["kind"]), (&scene.alice.id.as_str().into(), &"text".into()));
}

#[tokio::test]
async fn binary_messages_are_refused() {
    if ministack_differs("makes text of binary messages; API Gateway says that they are in Base64") {
        return;
    }
    let mut scene = scene().await;
    let frame = json!({"action": "send", "id": "binary", "to": scene.bob.id, "text": "x"}).to_string();
    for bytes in [&b""[..], &[0, 159, 146, 150], frame.as_bytes()] {
        scene.phone.send_binary(bytes).await;
        scene.phone.next_error("bad_request").await;
        scene.phone.assert_alive().await;
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn text_that_is_no_utf_8_is_refused() {
    if ministack_differs("ends the socket without an answer; the behaviour of API Gateway is not known") {
        return;
    }
    let mut scene = scene().await;
    let frame = json!({"action": "send", "id": "bytes", "to": scene.bob.id, "text": "#"}).to_string();
    let (before, after) = frame.as_bytes().split_at(frame.find('#').unwrap());
    let broken = [before, &[0xff, 0xfe], after].concat();
    for bytes in [&[0xff][..], &[0xc3, 0x28], &[0xed, 0xa0, 0x80], &broken] {
        scene.phone.send_parts(&[bytes]).await;
        scene.phone.next_error("bad_request").await;
        scene.phone.assert_alive().await;
    }
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_character_may_be_split_between_two_parts() {
    let mut scene = scene().await;
    let frame = json!({"action": "send", "id": "split", "to": scene.bob.id, "text": "🙂"}).to_string();
    let (first, second) = frame.as_bytes().split_at(frame.find('🙂').unwrap() + 2);
    scene.phone.send_parts(&[first, second]).await;
    scene.phone.expect_ack("split").await;
    assert_eq!(scene.bob.log(&scene.alice.dm(&scene.bob)).await[0]["text"], "🙂");
}
