//! Messages that are too large to be delivered inline.

use serde_json::{Value, json};
use tests::{Chat, User};

/// Largest event that carries a message whole. Unit: bytes of JSON, inclusive.
const EVENT_BYTES_MAX: usize = 24 * 1024;

async fn posted(text: &str) -> (User, Value, String) {
    let [alice, bob] = Chat::new().users().await;
    let (mut socket, dm) = (bob.connect().await, alice.dm(&bob));
    alice.post_text(&dm, text).await;
    (bob, socket.next("message").await, dm)
}

#[tokio::test]
async fn an_event_over_24_kb_carries_the_first_thousand_characters() {
    for letters in ["x", "🙂", "x\u{1}"] {
        let text: String = letters.chars().cycle().take(30_000).collect();
        let (bob, event, dm) = posted(&text).await;
        let beginning: String = text.chars().take(1_000).collect();
        assert_eq!((&event["truncated"], &event["text"]), (&true.into(), &beginning.into()));
        let whole = &bob.log(&dm).await[0];
        assert!(whole["text"] == text && whole.get("truncated").is_none());
    }
}

#[tokio::test]
async fn an_event_of_up_to_24_kb_carries_everything() {
    let (_, event, _) = posted("x").await;
    let room = EVENT_BYTES_MAX - event.to_string().len();
    let text = "x".repeat(room - 10);
    let (_, event, _) = posted(&text).await;
    assert!(event["text"] == text && event.get("truncated").is_none());
}

#[tokio::test]
async fn sync_and_history_shorten_as_events_do() {
    let (bob, mut event, dm) = posted(&"long ".repeat(10_000)).await;
    event.as_object_mut().unwrap().remove("type");
    let mut socket = bob.connect().await;
    assert_eq!(socket.missed(&dm, json!({})).await, [event.clone()]);
    let page = socket.ask(json!({"action": "history", "conversation": dm})).await;
    assert_eq!(page["messages"], json!([event]));
}

#[tokio::test]
async fn the_chat_list_shortens_as_events_do() {
    let (bob, mut event, dm) = posted(&"long ".repeat(10_000)).await;
    event.as_object_mut().unwrap().remove("type");
    assert_eq!(bob.listed(&dm).await["last_message"], event);
}

#[tokio::test]
async fn http_gives_the_whole_of_one_message() {
    let text = "long ".repeat(10_000);
    let (bob, event, dm) = posted(&text).await;
    let page = bob.page(&dm, &format!("around={}&limit=1", event["seq"])).await.ok();
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
    assert_eq!(page["messages"][0]["text"], text);
}
