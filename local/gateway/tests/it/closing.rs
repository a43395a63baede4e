use std::sync::Arc;

use confab_local_gateway::PostError;
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

use crate::support::{Client, Plan, Stack, closed_gate, config, ok};

/// Ends a connection with `end` and checks the one event of `$disconnect`.
async fn check<E: Future<Output = ()>>(end: impl FnOnce(Client) -> E, code: i64, reason: Option<&str>) {
    let stack = Stack::echoing().await;
    let (client, id) = stack.connect_known().await;
    end(client).await;
    let event = stack.call_of("disconnect").await.websocket();
    let context = event.request_context;
    assert_eq!(context.route_key.as_deref(), Some("$disconnect"));
    assert_eq!(context.event_type.as_deref(), Some("DISCONNECT"));
    assert_eq!(context.connection_id, Some(id));
    assert_eq!(context.disconnect_status_code, Some(code));
    if reason.is_some() {
        assert_eq!(context.disconnect_reason.as_deref(), reason);
    }
    // The next invocation belongs to another connection.
    let _other = stack.connect().await;
    stack.call_of("connect").await;
}

#[tokio::test]
async fn disconnect_gets_the_code_and_the_reason_of_the_client() {
    let end = async |mut client: Client| {
        let frame = CloseFrame { code: CloseCode::Library(4001), reason: "bye".into() };
        client.socket.close(Some(frame)).await.unwrap();
        assert_eq!(client.close_code().await, 4001);
    };
    check(end, 4001, Some("bye")).await;
}

#[tokio::test]
async fn disconnect_gets_1005_if_the_client_gave_no_code() {
    let end = async |mut client: Client| client.socket.close(None).await.unwrap();
    check(end, 1005, Some("Client-side close frame status not set")).await;
}

#[tokio::test]
async fn disconnect_gets_1006_if_the_connection_is_cut() {
    check(async |client: Client| drop(client), 1006, None).await;
}

#[tokio::test]
async fn disconnect_gets_1002_if_the_client_breaks_the_protocol() {
    use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;
    let end = async |mut client: Client| {
        client.send_raw(Data::Continue, b"of nothing", true).await.unwrap();
        assert_eq!(client.close_code().await, 1002);
    };
    check(end, 1002, None).await;
}

/// A function that ends a connection may meet its handshake, and the socket may open a moment later.
#[tokio::test]
async fn a_close_code_that_was_set_during_the_handshake_is_given() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let stack = Stack::start(config(), move |function, _| match function {
        "connect" => Plan::Wait(Arc::clone(&waiting), json!({"statusCode": 200})),
        _ => ok(),
    })
    .await;
    let during = async {
        let id = stack.call_of("connect").await.connection_id();
        assert_eq!(stack.connections.post(&id, "early".into()), Err(PostError::Gone));
        stack.connections.set_close_code(&id, 4001, "displaced");
        gate.add_permits(1);
        id
    };
    let (mut client, id) = tokio::join!(stack.connect(), during);
    assert!(stack.connections.close(&id));
    assert_eq!(client.close_code().await, 4001);
    // Nothing is kept for a handshake that has ended, or that never began.
    stack.connections.set_close_code(&id, 4002, "logged_out");
}

#[tokio::test]
async fn a_function_outlives_its_client() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let stack = Stack::start(config(), move |function, _| match function {
        "quiet" => Plan::Wait(Arc::clone(&waiting), json!(null)),
        _ => ok(),
    })
    .await;
    let (mut client, _) = stack.connect_known().await;
    client.send(r#"{"action":"quiet"}"#).await;
    stack.call_of("quiet").await;
    drop(client);
    stack.call_of("disconnect").await;
    gate.add_permits(1);
    stack.call_of("end of quiet").await;
}
