//! Limits on the length of a text.

use serde_json::json;
use tests::{Chat, User, fresh_id};

async fn two_users() -> (User, User, String) {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    (alice, bob, dm)
}

#[tokio::test]
async fn a_text_of_100_000_characters_and_400_000_bytes_is_taken_whole() {
    let (alice, bob, dm) = two_users().await;
    for text in ["x".repeat(100_000), "🙂".repeat(100_000), format!("x{}", "\u{1}".repeat(99_999))] {
        alice.post_text(&dm, &text).await;
        let log = bob.log(&dm).await;
        let last = log.last().unwrap();
        assert!(last["text"] == text.as_str(), "another text, of {} bytes", text.len());
        assert!(last.get("truncated").is_none());
    }
}

#[tokio::test]
async fn a_longer_text_is_refused_with_its_length() {
    let (alice, _, dm) = two_users().await;
    for (text, limit, actual) in [
        ("x".repeat(100_001), 100_000, 100_001),
        ("🙂".repeat(99_999) + "xx", 100_000, 100_001),
        ("🙂".repeat(100_000) + "x", 400_000, 400_001),
    ] {
        let body = json!({"client_message_id": fresh_id(), "text": text});
        let error = alice.post_message(&dm, &body).await.refused(413, "too_large");
        assert_eq!((&error["limit"], &error["actual"]), (&limit.into(), &actual.into()));
    }
    assert!(alice.log(&dm).await.is_empty());
}

#[tokio::test]
async fn a_message_without_text_is_refused() {
    let (alice, bob, dm) = two_users().await;
    let mut phone = alice.connect().await;
    for body in [json!({}), json!({"text": ""}), json!({"text": null}), json!({"attachments": []})] {
        let mut frame = body.clone();
        (frame["action"], frame["to"]) = ("send".into(), bob.id.as_str().into());
        let error = phone.refused(frame, "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains("text"), "{error}");
        let mut post = body;
        post["client_message_id"] = fresh_id().into();
        alice.post_message(&dm, &post).await.refused(400, "bad_request");
    }
    assert!(alice.log(&dm).await.is_empty());
}

#[tokio::test]
async fn a_text_of_one_character_is_enough() {
    let (alice, bob, dm) = two_users().await;
    for text in ["x", "é", "字", "🙂"] {
        alice.post_text(&dm, text).await;
        assert_eq!(bob.log(&dm).await.last().unwrap()["text"], text);
    }
}

#[tokio::test]
async fn a_text_that_fills_a_frame_is_taken_over_the_socket() {
    let (alice, bob, dm) = two_users().await;
    let mut phone = alice.connect().await;
    let text = "y".repeat(32_000);
    phone.say(&bob.id, &text).await;
    assert_eq!(bob.log(&dm).await[0]["text"], text);
}

#[tokio::test]
async fn a_text_of_several_frames_is_taken_over_the_socket() {
    let (alice, bob, dm) = two_users().await;
    let mut phone = alice.connect().await;
    let text = "z".repeat(90_000);
    let frame = json!({"action": "send", "id": "parts", "to": bob.id, "text": text}).to_string();
    let parts: Vec<&[u8]> = frame.as_bytes().chunks(30_000).collect();
    phone.send_parts(&parts).await;
    phone.expect_ack("parts").await;
    assert_eq!(bob.log(&dm).await[0]["text"], text);
}
