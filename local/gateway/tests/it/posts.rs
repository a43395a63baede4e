use bytes::Bytes;
use confab_local_gateway::PostError;
use http::Method;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Stack, config, ok};

#[tokio::test]
async fn posts_arrive_in_order() {
    let stack = Stack::echoing().await;
    let (mut client, id) = stack.connect_known().await;
    for number in 0..100 {
        stack.connections.post(&id, number.to_string().into()).unwrap();
    }
    for number in 0..100 {
        assert_eq!(client.text().await, number.to_string());
    }
}

#[tokio::test]
async fn a_post_over_rest_arrives() {
    let stack = Stack::echoing().await;
    let (mut client, id) = stack.connect_known().await;
    let path = format!("/local/@connections/{}", id.replace('=', "%3D"));
    let response = stack.connections.handle_request(&Method::POST, &path, Bytes::from("hello"));
    assert_eq!(response.status(), 200);
    assert_eq!(client.text().await, "hello");
}

#[tokio::test]
async fn a_post_that_is_not_utf8_arrives_as_binary() {
    let stack = Stack::echoing().await;
    let (mut client, id) = stack.connect_known().await;
    stack.connections.post(&id, Bytes::from_static(b"\xff")).unwrap();
    assert_eq!(client.next().await, Message::binary(vec![0xff]));
}

#[tokio::test]
async fn a_post_to_no_connection_is_gone_and_one_over_the_limit_too_large() {
    let stack = Stack::echoing().await;
    let (client, id) = stack.connect_known().await;
    assert_eq!(stack.connections.post("unknown=", "x".into()), Err(PostError::Gone));
    assert_eq!(stack.connections.post(&id, vec![b'x'; 128 * 1024 + 1].into()), Err(PostError::TooLarge));
    drop(client);
    stack.call_of("disconnect").await;
    assert_eq!(stack.connections.post(&id, "x".into()), Err(PostError::Gone));
}

#[tokio::test]
async fn posts_to_a_client_that_does_not_read_are_refused_in_the_end() {
    let mut config = config();
    config.limits.outbound_queue_bytes_max = 256 * 1024;
    let stack = Stack::start(config, |_, _| ok()).await;
    let (mut client, id) = stack.connect_known().await;
    let message = Bytes::from(vec![b'x'; 100 * 1024]);
    let mut accepted = 0;
    // The kernel's buffers take some megabytes before the queue fills.
    let refused = loop {
        match stack.connections.post(&id, message.clone()) {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(refused, PostError::Full);
    for _ in 0..accepted {
        assert_eq!(client.next().await.len(), message.len());
    }
    stack.connections.post(&id, "again".into()).unwrap();
    assert_eq!(client.text().await, "again");
}

#[tokio::test]
async fn a_closed_connection_gets_the_posts_before_the_close() {
    let stack = Stack::echoing().await;
    let (mut client, id) = stack.connect_known().await;
    assert_eq!(stack.connections.info(&id).unwrap().source_ip, "127.0.0.1");
    stack.connections.post(&id, "last words".into()).unwrap();
    assert!(stack.connections.close(&id));
    assert_eq!(stack.connections.post(&id, "too late".into()), Err(PostError::Gone));
    assert_eq!(client.text().await, "last words");
    assert_eq!(client.close_code().await, 1000);
    let event = stack.call_of("disconnect").await.websocket();
    assert_eq!(event.request_context.disconnect_status_code, Some(1000));
    assert_eq!(stack.connections.info(&id), None);
}

#[tokio::test]
async fn a_connection_is_closed_with_the_code_that_was_set_for_it() {
    let stack = Stack::echoing().await;
    let (mut client, id) = stack.connect_known().await;
    stack.connections.set_close_code("unknown=", 4009, "nobody");
    stack.connections.set_close_code(&id, 4001, "moved");
    stack.connections.post(&id, "last words".into()).unwrap();
    assert!(stack.connections.close(&id));
    assert_eq!(client.text().await, "last words");
    assert_eq!(client.close_code().await, 4001);
    let event = stack.call_of("disconnect").await.websocket();
    assert_eq!(event.request_context.disconnect_status_code, Some(4001));
    assert_eq!(event.request_context.disconnect_reason.as_deref(), Some("moved"));
}
