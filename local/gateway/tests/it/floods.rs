use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    http_api::get,
    support::{Stack, config, echo, patiently},
};

/// Declares a body and sends a part of it.
async fn begin_body(stack: &Stack, announced: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(stack.addr).await.unwrap();
    let head = format!("POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: {announced}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    patiently(stream.write_all(&vec![b'x'; sent])).await.unwrap();
    stream
}

async fn status(mut stream: TcpStream) -> (String, TcpStream) {
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.unwrap();
    (String::from_utf8_lossy(&line).into_owned(), stream)
}

async fn post(stack: &Stack, size: usize) -> String {
    let (status, _) = patiently(status(begin_body(stack, size, size).await)).await;
    status
}

#[tokio::test]
async fn bodies_that_hold_back_their_last_byte_take_no_more_than_their_room() {
    const SIZE: usize = 400_000;
    let mut config = config();
    config.limits.body_bytes_in_flight_max = 1_000_000;
    config.limits.body_idle = Duration::from_secs(3_600);
    let stack = Stack::start(config, |_, event| echo(event)).await;
    let mut waiting = FuturesUnordered::new();
    for _ in 0..10 {
        waiting.push(status(begin_body(&stack, SIZE, SIZE - 1).await));
    }
    // There is room for two bodies. A part of the third may have been read before it was refused.
    for _ in 0..8 {
        let (status, _) = patiently(waiting.next()).await.unwrap();
        assert_eq!(status, "HTTP/1.1 503");
    }
    assert_eq!(post(&stack, 10_000).await, "HTTP/1.1 200", "a small one always passes");
    assert_eq!(post(&stack, SIZE).await, "HTTP/1.1 503");
    drop(waiting);
    // Clients that leave free their room.
    patiently(async {
        while post(&stack, SIZE).await != "HTTP/1.1 200" {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_stops_is_not_waited_for() {
    let mut config = config();
    config.limits.body_idle = Duration::from_millis(50);
    let stack = Stack::start(config, |_, event| echo(event)).await;
    let (status, _) = patiently(status(begin_body(&stack, 1_000, 999).await)).await;
    assert_eq!(status, "HTTP/1.1 408");
}

#[tokio::test]
async fn a_connection_over_the_limit_is_refused_with_a_time_to_retry() {
    let mut config = config();
    config.limits.connections_max = 2;
    let stack = Stack::start(config, |_, event| echo(event)).await;
    let (mut socket, other) = (stack.connect().await, stack.connect().await);
    let refusal = get(stack.addr, "/v1/x").await;
    assert!(refusal.starts_with("HTTP/1.1 503 "), "{refusal}");
    assert!(refusal.contains("\r\nretry-after: 1\r\n"), "{refusal}");
    assert!(refusal.ends_with(r#"{"message":"Service Unavailable"}"#), "{refusal}");
    socket.is_alive().await;
    drop(other);
    patiently(async {
        while !get(stack.addr, "/v1/x").await.starts_with("HTTP/1.1 200 ") {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
