use std::sync::Arc;

use confab_local_gateway::{GatewayConfig, Route, WebSocketApi};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::Data};

use crate::support::{Plan, Stack, closed_gate, config, echo, ok};

#[tokio::test]
async fn a_message_takes_the_route_that_it_names() {
    let stack = Stack::echoing().await;
    let (mut client, connection_id) = stack.connect_known().await;
    let body = r#"{"action":"send","text":"héllo \"you\""}"#;
    client.send(body).await;
    let event = stack.call_of("send").await.websocket();
    assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some(body), false));
    let context = event.request_context;
    assert_eq!(context.route_key.as_deref(), Some("send"));
    assert_eq!(context.event_type.as_deref(), Some("MESSAGE"));
    assert_eq!(context.connection_id, Some(connection_id));
    assert!(context.message_id.is_some());
    assert!(event.headers.is_empty());
    assert_eq!(client.text().await, body);
}

#[tokio::test]
async fn every_other_message_takes_the_default_route() {
    let stack = Stack::echoing().await;
    let (mut client, _) = stack.connect_known().await;
    for message in ["", "nonsense", "[]", r#"{"action":"$connect"}"#, r#"{"action":"unknown"}"#, "{\"a\":"] {
        client.send(message).await;
        let event = stack.call_of("default").await.websocket();
        assert_eq!(event.request_context.route_key.as_deref(), Some("$default"));
        assert_eq!(event.request_context.event_type.as_deref(), Some("MESSAGE"));
        assert_eq!(event.body.as_deref(), Some(message));
        assert_eq!(client.text().await, message);
    }
    client.is_alive().await;
}

#[tokio::test]
async fn messages_that_are_not_text_arrive_in_base64_and_harm_nobody() {
    let stack = Stack::echoing().await;
    let (mut client, _) = stack.connect_known().await;
    let frames: [(Data, &[u8], &str); 3] = [
        (Data::Binary, b"\x00\x01", "AAE="),
        (Data::Text, b"\xff\xfe", "//4="),
        (Data::Binary, b"{}", "e30="),
    ];
    for (kind, payload, base64) in frames {
        client.send_raw(kind, payload, true).await.unwrap();
        let event = stack.call_of("default").await.websocket();
        assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some(base64), true));
        assert_eq!(client.text().await, base64);
    }
    client.send_raw(Data::Text, b"\xc3", false).await.unwrap();
    client.send_raw(Data::Continue, b"\x28", true).await.unwrap();
    assert_eq!(client.text().await, "wyg=");
    client.is_alive().await;
}

#[tokio::test]
async fn without_a_route_the_answer_is_forbidden() {
    let api = WebSocketApi::new(
        "/ws",
        vec![Route::new("$connect", "connect"), Route::new("send", "send").answering()],
    );
    let config = GatewayConfig { websocket: Some(api), ..GatewayConfig::default() };
    let stack = Stack::start(config, |_, event| echo(event)).await;
    let (mut client, connection_id) = stack.connect_known().await;
    client.send("hello").await;
    let frame = client.json().await;
    assert_eq!((&frame["message"], &frame["connectionId"]), (&json!("Forbidden"), &json!(connection_id)));
    assert!(frame["requestId"].is_string());
    client.is_alive().await;
}

#[tokio::test]
async fn only_a_route_with_a_route_response_answers() {
    let stack = Stack::echoing().await;
    let mut client = stack.connect().await;
    client.send(r#"{"action":"quiet"}"#).await;
    client.is_alive().await;
}

#[tokio::test]
async fn an_answer_without_a_body_is_an_empty_message() {
    let stack =
        Stack::start(config(), |_, event| if event["body"] == "nothing" { ok() } else { echo(event) }).await;
    let mut client = stack.connect().await;
    client.send("nothing").await;
    assert_eq!(client.text().await, "");
    client.is_alive().await;
}

#[tokio::test]
async fn the_answer_for_a_failed_function_does_not_contain_its_error() {
    let stack = Stack::start(config(), |_, event| match event["body"].as_str() {
        Some("fail") => Plan::Fail("a secret"),
        Some("panic") => Plan::Panic,
        Some("nonsense") => Plan::Answer(json!(7)),
        Some("huge") => Plan::Answer(json!({"body": "x".repeat(128 * 1024 + 1)})),
        Some(_) => echo(event),
        None => ok(),
    })
    .await;
    let (mut client, connection_id) = stack.connect_known().await;
    for message in ["fail", "panic", "nonsense", "huge"] {
        client.send(message).await;
        let request_id = stack.call_of("default").await.event["requestContext"]["requestId"].clone();
        let expected = json!({
            "message": "Internal server error", "connectionId": connection_id, "requestId": request_id,
        });
        assert_eq!(client.json().await, expected, "{message}");
    }
    client.is_alive().await;
}

#[tokio::test]
async fn a_slow_function_is_given_up_but_not_stopped() {
    let mut config = config();
    config.limits.integration_timeout = std::time::Duration::from_millis(50);
    let stack = Stack::start(config, |_, event| match event["body"].as_str() {
        Some("never") => Plan::Never,
        _ => echo(event),
    })
    .await;
    let mut client = stack.connect().await;
    client.send("never").await;
    assert_eq!(client.json().await["message"], "Internal server error");
    client.is_alive().await;
}

#[tokio::test]
async fn a_slow_function_does_not_delay_the_next_message() {
    let gate = closed_gate();
    let slow = Arc::clone(&gate);
    let stack = Stack::start(config(), move |_, event| match event["body"].as_str() {
        Some("slow") => Plan::Wait(Arc::clone(&slow), json!({"statusCode": 200, "body": "slow"})),
        _ => echo(event),
    })
    .await;
    let mut client = stack.connect().await;
    client.send("slow").await;
    client.send("quick").await;
    assert_eq!(client.text().await, "quick");
    gate.add_permits(1);
    assert_eq!(client.text().await, "slow");
}

#[tokio::test]
async fn messages_beyond_the_bound_wait_for_room() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let mut config = config();
    config.limits.in_flight_per_connection_max = 2;
    let stack = Stack::start(config, move |function, event| match function {
        "connect" => ok(),
        _ => Plan::Wait(Arc::clone(&waiting), json!({"statusCode": 200, "body": event["body"]})),
    })
    .await;
    let (mut client, _) = stack.connect_known().await;
    for number in 0..10 {
        client.send(&number.to_string()).await;
    }
    stack.call_of("default").await;
    stack.call_of("default").await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        gate.add_permits(1);
        answers.push(client.text().await);
    }
    assert_eq!(stack.running.most(), 2);
    answers.sort_unstable();
    assert_eq!(answers, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[tokio::test]
async fn a_ping_is_answered() {
    use futures_util::{SinkExt as _, StreamExt as _};
    let stack = Stack::echoing().await;
    let mut client = stack.connect().await;
    client.socket.send(Message::Ping("p".into())).await.unwrap();
    let pong = crate::support::patiently(client.socket.next()).await;
    assert_eq!(pong.unwrap().unwrap(), Message::Pong("p".into()));
}
