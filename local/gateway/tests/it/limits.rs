use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::Data};

use crate::support::{Stack, config, echo, ok, patiently};

#[tokio::test]
async fn a_frame_of_32_kb_and_a_message_of_128_kb_pass() {
    let stack = Stack::echoing().await;
    let mut client = stack.connect().await;
    client.send(&"a".repeat(32 * 1024)).await;
    assert_eq!(client.text().await.len(), 32 * 1024);
    let quarter = vec![b'a'; 32 * 1024];
    client.send_raw(Data::Text, &quarter, false).await.unwrap();
    client.send_raw(Data::Continue, &quarter, false).await.unwrap();
    client.send_raw(Data::Continue, &quarter, false).await.unwrap();
    client.send_raw(Data::Continue, &quarter, true).await.unwrap();
    assert_eq!(client.text().await.len(), 128 * 1024);
}

#[tokio::test]
async fn a_larger_frame_closes_with_1009() {
    let stack = Stack::echoing().await;
    let (mut client, _) = stack.connect_known().await;
    client.send(&"a".repeat(32 * 1024 + 1)).await;
    assert_eq!(client.close_code().await, 1009);
    let event = stack.call_of("disconnect").await.websocket();
    assert_eq!(event.request_context.disconnect_status_code, Some(1009));
}

#[tokio::test]
async fn a_client_that_is_still_sending_sees_the_close_frame() {
    let stack = Stack::echoing().await;
    for _ in 0..20 {
        let mut client = stack.connect().await;
        client.send(&"a".repeat(4 * 1024 * 1024)).await;
        assert_eq!(client.close_code().await, 1009);
    }
}

#[tokio::test]
async fn a_larger_message_in_fragments_closes_with_1009() {
    let stack = Stack::echoing().await;
    let (mut client, _) = stack.connect_known().await;
    let quarter = vec![b'a'; 32 * 1024];
    client.send_raw(Data::Text, &quarter, false).await.unwrap();
    for _ in 0..3 {
        client.send_raw(Data::Continue, &quarter, false).await.unwrap();
    }
    client.send_raw(Data::Continue, b"a", true).await.unwrap();
    assert_eq!(client.close_code().await, 1009);
    assert_eq!(stack.call().await.function, "disconnect");
}

#[tokio::test]
async fn a_client_that_pings_without_reading_is_held_up_and_no_more() {
    let stack = Stack::echoing().await;
    let client = stack.connect().await;
    let (mut sink, mut stream) = client.socket.split();
    let mut refused = 0;
    // The kernel's buffers take some megabytes before the client has to wait.
    while refused < 1000 {
        if sink.feed(Message::Ping(vec![b'p'; 125].into())).now_or_never().is_none() {
            refused += 1;
            tokio::task::yield_now().await;
        }
    }
    let sending = async { sink.send(Message::text("still here")).await.unwrap() };
    let reading = async { while !patiently(stream.next()).await.unwrap().unwrap().is_text() {} };
    tokio::join!(sending, reading);
}

#[tokio::test]
async fn an_idle_socket_is_closed_with_1001() {
    let mut config = config();
    config.limits.idle = Duration::from_millis(100);
    let stack = Stack::start(config, |_, event| echo(event)).await;
    let (mut client, _) = stack.connect_known().await;
    assert_eq!(client.close_code().await, 1001);
    let event = stack.call_of("disconnect").await.websocket();
    assert_eq!(event.request_context.disconnect_status_code, Some(1001));
    assert_eq!(event.request_context.disconnect_reason.as_deref(), Some("Going away"));
}

#[tokio::test]
async fn a_busy_socket_is_closed_with_1001_at_the_end_of_its_life() {
    let mut config = config();
    config.limits.lifetime = Duration::from_millis(200);
    let stack = Stack::start(config, |_, _| ok()).await;
    let mut client = stack.connect().await;
    let code = loop {
        // The socket may end between two messages, which the test waits for.
        drop(client.send_raw(Data::Text, br#"{"action":"quiet"}"#, true).await);
        tokio::select! {
            code = client.close_code() => break code,
            () = tokio::task::yield_now() => {}
        }
    };
    assert_eq!(code, 1001);
}
