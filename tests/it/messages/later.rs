//! Features that `docs/PROTOCOL.md` describes for later versions: they are answered as unknown.

use serde_json::json;
use tests::Chat;

#[tokio::test]
async fn media_are_not_found() {
    let alice = Chat::new().user().await;
    alice.http.get("/v1/media").await.refused(404, "not_found");
}

#[tokio::test]
async fn attachments_are_refused() {
    let [alice, bob] = Chat::new().users().await;
    let attachments = json!(["med_01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
    let frame = json!({"action": "send", "to": bob.id, "text": "look", "attachments": attachments});
    let error = alice.connect().await.refused(frame, "bad_request").await;
    assert!(error["message"].as_str().unwrap().contains("attachments"), "{error}");
    assert!(alice.chat_list().await.is_empty());
}
