//! Frames and messages over the gateway's limits.

use serde_json::json;
use tests::{Chat, Socket, User, ministack_differs};

const FRAME_BYTES_MAX: usize = 32 * 1024;

const NO_LIMITS: &str = "takes frames of any size; API Gateway closes the socket with 1009";

/// Pads a frame to `bytes` with spaces, which JSON allows.
fn filled(frame: &str, bytes: usize) -> Vec<u8> {
    let mut filled = frame.as_bytes().to_vec();
    filled.resize(bytes, b' ');
    filled
}

async fn check_too_big(parts: &[&[u8]]) {
    if ministack_differs(NO_LIMITS) {
        return;
    }
    let [alice, bob]: [User; 2] = Chat::new().users().await;
    let (mut phone, mut other) = (alice.connect().await, alice.connect().await);
    let mut bobs = bob.connect().await;
    phone.send_parts(parts).await;
    assert_eq!(phone.next_close().await, 1009);
    other.assert_quiet().await;
    bobs.assert_quiet().await;
    let mut again: Socket = alice.connect().await;
    again.say(&bob.id, "here again").await;
    assert_eq!(bobs.next("message").await["text"], "here again");
}

#[tokio::test]
async fn a_frame_of_32_kb_is_taken() {
    let mut phone = Chat::new().user().await.connect().await;
    phone.send_parts(&[&filled(r#"{"action":"heartbeat","id":"full"}"#, FRAME_BYTES_MAX)]).await;
    assert_eq!(phone.answer_to("full").await["type"], "heartbeat");
}

#[tokio::test]
async fn a_message_of_128_kb_is_taken() {
    let mut phone = Chat::new().user().await.connect().await;
    let message = filled(r#"{"action":"heartbeat","id":"full"}"#, 4 * FRAME_BYTES_MAX);
    let parts: Vec<&[u8]> = message.chunks(FRAME_BYTES_MAX).collect();
    phone.send_parts(&parts).await;
    assert_eq!(phone.answer_to("full").await["type"], "heartbeat");
}

#[tokio::test]
async fn a_larger_frame_closes_its_socket_alone() {
    check_too_big(&[&filled("{}", FRAME_BYTES_MAX + 1)]).await;
}

#[tokio::test]
async fn a_frame_of_200_kb_closes_its_socket_alone() {
    check_too_big(&[&filled("{}", 200_000)]).await;
}

#[tokio::test]
async fn a_larger_message_in_parts_closes_its_socket_alone() {
    let message = filled("{}", 4 * FRAME_BYTES_MAX + 1);
    check_too_big(&message.chunks(FRAME_BYTES_MAX).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn messages_sent_before_a_too_large_frame_are_not_lost() {
    if ministack_differs(NO_LIMITS) {
        return;
    }
    let [alice, bob] = Chat::new().users().await;
    let (mut phone, mut bobs) = (alice.connect().await, bob.connect().await);
    phone.send(&json!({"action": "send", "id": "before", "to": bob.id, "text": "before"})).await;
    phone.expect_ack("before").await;
    phone.send_parts(&[&filled("{}", 200_000)]).await;
    assert_eq!(phone.next_close().await, 1009);
    assert_eq!(bobs.next("message").await["text"], "before");
    assert_eq!(bob.log(&alice.dm(&bob)).await.len(), 1);
}

#[tokio::test]
async fn a_ping_is_answered() {
    let mut phone = Chat::new().user().await.connect().await;
    phone.ping(b"are you there?").await;
    assert_eq!(phone.next_pong().await, b"are you there?");
    phone.assert_quiet().await;
}
