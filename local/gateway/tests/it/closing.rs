use std::sync::Arc;

use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

use crate::support::{Client, Plan, Stack, closed_gate, config, ok};

/// Ends a connection with `end` and checks what `$disconnect` is told, once.
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
    // Whatever is invoked next belongs to another connection.
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
