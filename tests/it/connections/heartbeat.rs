//! Heartbeats.

use serde_json::json;
use tests::Chat;

#[tokio::test]
async fn a_heartbeat_is_answered_with_the_time_and_when_the_next_is_due() {
    let mut phone = Chat::new().user().await.connect().await;
    let answer = phone.ask(json!({"action": "heartbeat", "id": "beat"})).await;
    assert_eq!((&answer["type"], &answer["id"]), (&"heartbeat".into(), &"beat".into()));
    assert!(answer["server_at_ms"].as_u64() > Some(0), "{answer}");
    assert!(answer["next_seconds"].as_u64() > Some(0), "{answer}");
}

#[tokio::test]
async fn a_heartbeat_without_an_id_is_answered_without_one() {
    let mut phone = Chat::new().user().await.connect().await;
    phone.send(&json!({"action": "heartbeat"})).await;
    let answer = phone.next_frame().await;
    assert_eq!((&answer["type"], answer.get("id")), (&"heartbeat".into(), None));
}
