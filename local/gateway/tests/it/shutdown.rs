use std::sync::Arc;

use serde_json::json;
use tokio::net::TcpStream;

use crate::support::{Plan, Stack, closed_gate, config, ok};

#[tokio::test]
async fn every_socket_is_closed_with_1001_and_disconnected() {
    let stack = Stack::echoing().await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(stack.connect_known().await);
    }
    stack.begin_shutdown();
    for (client, _) in &mut clients {
        assert_eq!(client.close_code().await, 1001);
    }
    let mut ids: Vec<_> = clients.into_iter().map(|(_, id)| id).collect();
    let mut disconnected = Vec::new();
    for _ in 0..3 {
        let call = stack.call_of("disconnect").await;
        assert_eq!(call.websocket().request_context.disconnect_status_code, Some(1001));
        disconnected.push(call.connection_id());
    }
    ids.sort_unstable();
    disconnected.sort_unstable();
    assert_eq!(disconnected, ids);
    let addr = stack.addr;
    stack.until_served().await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn work_in_flight_is_finished_and_its_posts_arrive() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let stack = Stack::start(config(), move |function, _| match function {
        "api" | "send" => Plan::Wait(Arc::clone(&waiting), json!({"statusCode": 200, "body": "done"})),
        _ => ok(),
    })
    .await;
    let (mut client, id) = stack.connect_known().await;
    client.send(r#"{"action":"send"}"#).await;
    stack.call_of("send").await;
    let addr = stack.addr;
    let request = tokio::spawn(async move { crate::http_api::get(addr, "/v1/slow").await });
    stack.call_of("api").await;

    stack.begin_shutdown();
    // A refused connection shows that the shutdown has begun.
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stack.connections.post(&id, "posted meanwhile".into()).unwrap();
    assert_eq!(client.text().await, "posted meanwhile");
    gate.add_permits(2);
    assert_eq!(client.text().await, "done");
    assert!(request.await.unwrap().ends_with("done"));
    assert_eq!(client.close_code().await, 1001);
    stack.until_served().await;
}

#[tokio::test]
async fn a_function_that_never_ends_does_not_hold_up_the_shutdown() {
    let mut config = config();
    config.limits.shutdown_grace = std::time::Duration::from_millis(50);
    let stack = Stack::start(config, |function, _| match function {
        "send" => Plan::Never,
        _ => ok(),
    })
    .await;
    let mut client = stack.connect().await;
    client.send(r#"{"action":"send"}"#).await;
    stack.call_of("connect").await;
    stack.call_of("send").await;
    stack.begin_shutdown();
    assert_eq!(client.close_code().await, 1001);
    stack.until_served().await;
}
