use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest as AuthorizerEvent;
use confab_local_gateway::{GatewayConfig, PostError};
use serde_json::{Value, json};

use crate::support::{Plan, Stack, closed_gate, config, echo, ok};

fn authorized() -> GatewayConfig {
    let mut config = config();
    config.websocket = config.websocket.map(|api| api.authorized_by("authorizer"));
    config
}

fn policy(effect: &str, arn: &Value) -> Plan {
    let statement = json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": arn});
    Plan::Answer(json!({
        "principalId": "usr_1",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"device": "dev_1", "admin": true},
    }))
}

#[tokio::test]
async fn connect_gets_the_request_and_opens_the_socket() {
    let stack = Stack::echoing().await;
    let (mut client, _) = stack
        .try_connect("/ws?ticket=a%20b&x=1&x=2", &[("User-Agent", "test/1"), ("X-Two", "a"), ("X-Two", "b")])
        .await
        .unwrap();
    let event = stack.call_of("connect").await.websocket();
    let context = &event.request_context;
    assert_eq!(context.route_key.as_deref(), Some("$connect"));
    assert_eq!(context.event_type.as_deref(), Some("CONNECT"));
    assert_eq!(context.message_direction.as_deref(), Some("IN"));
    assert_eq!(context.stage.as_deref(), Some("local"));
    assert_eq!(context.apiid.as_deref(), Some("local"));
    assert_eq!(context.domain_name.as_deref(), Some("local.execute-api.us-east-1.amazonaws.com"));
    assert_eq!(context.identity.source_ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(context.identity.user_agent.as_deref(), Some("test/1"));
    assert_eq!(context.request_id, context.extended_request_id);
    assert!(context.connected_at <= context.request_time_epoch);
    assert!(context.connection_id.as_ref().unwrap().ends_with('='));
    assert_eq!(context.message_id, None);
    assert_eq!(event.query_string_parameters.first("ticket"), Some("a b"));
    assert_eq!(event.multi_value_query_string_parameters.all("x"), Some(vec!["1", "2"]));
    assert_eq!(event.headers["x-two"], "b");
    assert_eq!(event.multi_value_headers.get_all("x-two").iter().count(), 2);
    assert_eq!(event.headers["x-forwarded-for"], "127.0.0.1");
    assert!(event.headers.contains_key("sec-websocket-key"));
    assert_eq!((event.body, event.is_base64_encoded), (None, false));
    client.is_alive().await;
}

#[tokio::test]
async fn a_socket_opens_without_authorizer_and_routes() {
    let mut config = config();
    if let Some(api) = &mut config.websocket {
        api.routes.retain(|route| route.key == "send");
    }
    let stack = Stack::start(config, |_, event| echo(event)).await;
    stack.connect().await.is_alive().await;
}

#[tokio::test]
async fn the_context_of_the_authorizer_is_in_every_event() {
    let stack = Stack::start(authorized(), |function, event| match function {
        "authorizer" => policy("Allow", &event["methodArn"]),
        _ => ok(),
    })
    .await;
    let mut client = stack.connect().await;
    let call = stack.call_of("authorizer").await;
    let event: AuthorizerEvent = serde_json::from_value(call.event).unwrap();
    assert_eq!(event.type_.as_deref(), Some("REQUEST"));
    let arn = "arn:aws:execute-api:us-east-1:000000000000:local/local/$connect";
    assert_eq!(event.method_arn.as_deref(), Some(arn));
    assert!(event.headers.contains_key("sec-websocket-key"));

    let connect = stack.call_of("connect").await;
    client.send(r#"{"action":"send"}"#).await;
    let message = stack.call_of("send").await;
    client.socket.close(None).await.unwrap();
    let disconnect = stack.call_of("disconnect").await;
    let expected = json!({"principalId": "usr_1", "device": "dev_1", "admin": "true"});
    for call in [&connect, &message, &disconnect] {
        assert_eq!(call.event["requestContext"]["authorizer"], expected);
        assert_eq!(call.connection_id(), connect.connection_id());
        assert_eq!(
            call.websocket().request_context.connected_at,
            connect.websocket().request_context.connected_at
        );
        assert_eq!(call.websocket().request_context.authorizer.fields["principalId"], "usr_1");
    }
}

#[tokio::test]
async fn an_authorizer_that_does_not_allow_refuses() {
    let stack =
        Stack::start(authorized(), |_, event| match event["queryStringParameters"]["case"].as_str() {
            Some("deny") => policy("Deny", &event["methodArn"]),
            Some("other") => policy("Allow", &json!("arn:aws:execute-api:*/other")),
            Some("unauthorized") => Plan::Fail("Unauthorized"),
            Some("broken") => Plan::Fail("a secret"),
            Some("panic") => Plan::Panic,
            _ => Plan::Answer(json!("nonsense")),
        })
        .await;
    for (case, status, message) in [
        ("deny", 403, "Forbidden"),
        ("other", 403, "Forbidden"),
        ("unauthorized", 401, "Unauthorized"),
        ("broken", 500, "Internal server error"),
        ("panic", 500, "Internal server error"),
        ("nonsense", 500, "Internal server error"),
    ] {
        let (refused, body) = stack.refused(&format!("/ws?case={case}")).await;
        assert_eq!(refused, status, "{case}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let call = stack.call_of("authorizer").await;
        assert_eq!(body["message"], message, "{case}");
        assert_eq!(body["connectionId"], call.connection_id(), "{case}");
    }
    assert_eq!(stack.connections.count(), 0);
}

#[tokio::test]
async fn connect_may_refuse() {
    let stack = Stack::start(config(), |_, event| match event["queryStringParameters"]["case"].as_str() {
        Some("no") => Plan::Answer(json!({"statusCode": 403, "body": "no"})),
        Some("who") => Plan::Answer(json!({"statusCode": 401})),
        _ => Plan::Fail("a secret"),
    })
    .await;
    for (case, status) in [("no", 403), ("who", 401), ("broken", 500)] {
        let (refused, body) = stack.refused(&format!("/ws?case={case}")).await;
        assert_eq!(refused, status);
        assert!(!body.contains("secret"));
    }
    assert_eq!(stack.connections.count(), 0);
}

#[tokio::test]
async fn the_subprotocol_that_connect_chose_is_passed_on() {
    let stack = Stack::start(config(), |_, _| {
        Plan::Answer(json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat"}}))
    })
    .await;
    let (_client, response) =
        stack.try_connect("/ws", &[("Sec-WebSocket-Protocol", "other, chat")]).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
}

#[tokio::test]
async fn a_connection_is_gone_until_connect_has_agreed() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let stack =
        Stack::start(config(), move |_, _| Plan::Wait(Arc::clone(&waiting), json!({"statusCode": 200})))
            .await;
    let connecting = stack.connect();
    let during = async {
        let id = stack.call_of("connect").await.connection_id();
        assert_eq!(stack.connections.post(&id, "early".into()), Err(PostError::Gone));
        gate.add_permits(1);
        id
    };
    let (mut client, id) = tokio::join!(connecting, during);
    stack.connections.post(&id, "in time".into()).unwrap();
    assert_eq!(client.text().await, "in time");
}

#[tokio::test]
async fn a_client_that_leaves_during_connect_is_disconnected() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let stack = Stack::start(config(), move |function, _| match function {
        "connect" => Plan::Wait(Arc::clone(&waiting), json!({"statusCode": 200})),
        _ => ok(),
    })
    .await;
    {
        let connecting = stack.connect();
        let called = stack.call_of("connect");
        tokio::select! {
            _ = connecting => panic!("connected without an answer of `$connect`"),
            _ = called => {}
        }
    }
    gate.add_permits(1);
    stack.call_of("end of connect").await;
    let event = stack.call_of("disconnect").await.websocket();
    assert_eq!(event.request_context.disconnect_status_code, Some(1006));
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_refused() {
    let stack = Stack::echoing().await;
    let upgrade =
        "Host: x\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let long = format!("GET /ws?{} HTTP/1.1\r\n{upgrade}{key}\r\n", "x".repeat(4096));
    let (version, other) = ("Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Version: 8\r\n");
    let of_keys = |keys: &str| format!("GET /ws HTTP/1.1\r\n{upgrade}{keys}\r\n");
    for (request, expected) in [
        ("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), "HTTP/1.1 426 "),
        (format!("GET /ws HTTP/1.1\r\n{}{key}\r\n", upgrade.replace(version, other)), "HTTP/1.1 426 "),
        (format!("GET /ws HTTP/1.1\r\n{}{key}\r\n", upgrade.replace(version, "")), "HTTP/1.1 400 "),
        (format!("GET /ws HTTP/1.1\r\n{upgrade}{version}{key}\r\n"), "HTTP/1.1 400 "),
        (format!("GET /ws HTTP/1.0\r\n{upgrade}{key}\r\n"), "HTTP/1.0 400 "),
        (of_keys(&format!("{key}{key}")), "HTTP/1.1 400 "),
        (of_keys("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n"), "HTTP/1.1 400 "),
        (of_keys("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQo=\r\n"), "HTTP/1.1 400 "),
        (of_keys("Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n"), "HTTP/1.1 400 "),
        (format!("GET /ws HTTP/1.1\r\n{upgrade}\r\n"), "HTTP/1.1 400 "),
        (format!("POST /ws HTTP/1.1\r\n{upgrade}{key}\r\n"), "HTTP/1.1 400 "),
        (long, "HTTP/1.1 400 "),
    ] {
        let response = stack.raw(request.as_bytes()).await;
        assert!(response.starts_with(expected), "{request}: {response}");
    }
    assert!(!stack.was_called().await);
}
