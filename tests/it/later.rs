//! What `docs/PROTOCOL.md` describes and this version does not have yet answers as unknown.

use serde_json::json;
use tests::Chat;

#[tokio::test]
async fn typing_and_presence_are_unknown_actions() {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    phone.refused(json!({"action": "presence", "users": [bob.id]}), "unknown_action").await;
    phone.refused(json!({"action": "typing", "conversation": alice.dm(&bob)}), "unknown_action").await;
    phone.assert_quiet().await;
}

#[tokio::test]
async fn contacts_blocks_and_pushes_are_not_found() {
    let [alice, bob] = Chat::new().users().await;
    for path in ["/v1/contacts", "/v1/blocks", "/v1/media"] {
        alice.http.get(path).await.refused(404, "not_found");
    }
    for path in [format!("/v1/contacts/{}", bob.id), format!("/v1/blocks/{}", bob.id)] {
        alice.http.put(&path, &json!({})).await.refused(404, "not_found");
        alice.http.delete(&path).await.refused(404, "not_found");
    }
    let push = json!({"platform": "apns", "token": "x"});
    alice.http.put("/v1/devices/self/push", &push).await.refused(404, "not_found");
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
