use std::{net::SocketAddr, sync::Arc, time::Duration};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest as HttpEvent;
use axum::{Router, extract::ConnectInfo};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Plan, Stack, closed_gate, config, echo, patiently};

/// The whole response to a GET, head and body.
pub(crate) async fn get(addr: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    patiently(stream.read_to_string(&mut response)).await.unwrap();
    response
}

#[tokio::test]
async fn a_request_becomes_an_event_and_the_answer_a_response() {
    let stack = Stack::start(config(), |_, _| {
        Plan::Answer(json!({
            "statusCode": 201, "headers": {"Content-Type": "text/html", "X-One": "1"},
            "cookies": ["c=1"], "body": "PGI+", "isBase64Encoded": true,
        }))
    })
    .await;
    let request = "POST /v1/a%20b/c?x=1&x=2&y=%C3%A9 HTTP/1.1\r\nHost: h\r\nUser-Agent: test/1\r\nX-Two: a\r\n\
        X-Two: b\r\nCookie: k=v; l=w\r\nContent-Type: application/json\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{\"a\":1}";
    let response = stack.raw(request.as_bytes()).await;
    let call = stack.call_of("api").await;
    let event: HttpEvent = serde_json::from_value(call.event.clone()).unwrap();
    assert_eq!(event.version.as_deref(), Some("2.0"));
    assert_eq!(event.route_key.as_deref(), Some("ANY /v1/{proxy+}"));
    assert_eq!(event.raw_path.as_deref(), Some("/v1/a b/c"));
    assert_eq!(event.raw_query_string.as_deref(), Some("x=1&x=2&y=%C3%A9"));
    assert_eq!(event.query_string_parameters.first("y"), Some("é"));
    assert_eq!(call.event["queryStringParameters"]["x"], "1,2");
    assert_eq!(call.event["headers"]["x-two"], "a,b");
    assert_eq!(event.headers["x-forwarded-for"], "127.0.0.1");
    assert!(!event.headers.contains_key("cookie"));
    assert_eq!(event.cookies, Some(vec!["k=v".to_owned(), "l=w".to_owned()]));
    assert_eq!(event.path_parameters["proxy"], "a b/c");
    assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some("{\"a\":1}"), false));
    let context = event.request_context;
    assert_eq!(context.stage.as_deref(), Some("$default"));
    assert_eq!(context.http.method, "POST");
    assert_eq!(context.http.path.as_deref(), Some("/v1/a b/c"));
    assert_eq!(context.http.protocol.as_deref(), Some("HTTP/1.1"));
    assert_eq!(context.http.source_ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(context.http.user_agent.as_deref(), Some("test/1"));
    assert!(context.time_epoch > 0);

    assert!(response.starts_with("HTTP/1.1 201 Created\r\n"), "{response}");
    for line in
        ["content-type: text/html\r\n", "x-one: 1\r\n", "set-cookie: c=1\r\n", "content-length: 3\r\n"]
    {
        assert!(response.contains(line), "{response}");
    }
    assert!(response.ends_with("\r\n\r\n<b>"), "{response}");
}

#[tokio::test]
async fn a_body_that_is_not_text_arrives_in_base64() {
    let stack = Stack::start(config(), |_, event| echo(event)).await;
    let request = b"PUT /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\n\xff\xfe";
    stack.raw(request).await;
    let event = stack.call_of("api").await.event;
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("//4="), &json!(true)));
    assert_eq!(event["routeKey"], "ANY /v1");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let mut config = config();
    config.http.as_mut().unwrap().body_bytes_max = 1000;
    let stack = Stack::start(config, |_, event| echo(event)).await;
    let head = "POST /v1/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
    let announced = format!("{head}Content-Length: 1000000000\r\n\r\n");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    let sent = format!("{head}Content-Length: 1001\r\n\r\n{}", "x".repeat(1001));
    for request in [announced, chunked, sent] {
        let mut stream = TcpStream::connect(stack.addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = [0; 12];
        patiently(stream.read_exact(&mut response)).await.unwrap();
        assert_eq!(&response, b"HTTP/1.1 413");
    }
    let fits = stack.raw(format!("{head}Content-Length: 1000\r\n\r\n{}", "x".repeat(1000)).as_bytes()).await;
    assert!(fits.starts_with("HTTP/1.1 200 "), "{fits}");
}

/// Reads a response up to the end of its body.
async fn read_response(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(patiently(stream.read_u8()).await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
    patiently(stream.read_exact(&mut vec![0; length.parse().unwrap()])).await.unwrap();
    head
}

/// A client that is cut off while it sends may never read the answer.
#[tokio::test]
async fn a_body_that_nobody_reads_may_come_after_the_answer() {
    let stack = Stack::echoing().await;
    for request in ["GET /", "POST /elsewhere", "POST /ws"] {
        let head = format!("{request} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut stream = TcpStream::connect(stack.addr).await.unwrap();
        stream.write_all(format!("{head}1\r\nx\r\n").as_bytes()).await.unwrap();
        let first = read_response(&mut stream).await;
        let rest = format!("186a0\r\n{}\r\n0\r\n\r\n{head}0\r\n\r\n", "x".repeat(100_000));
        stream.write_all(rest.as_bytes()).await.unwrap();
        let second = read_response(&mut stream).await;
        assert!(first.starts_with("HTTP/1.1 4") && second.starts_with("HTTP/1.1 4"), "{first} {second}");
    }
}

#[tokio::test]
async fn the_answer_for_a_failed_function_does_not_contain_its_error() {
    let stack = Stack::start(config(), |_, event| match event["rawPath"].as_str() {
        Some("/v1/fail") => Plan::Fail("a secret"),
        Some("/v1/panic") => Plan::Panic,
        _ => Plan::Answer(json!({"statusCode": "a secret"})),
    })
    .await;
    for path in ["/v1/fail", "/v1/panic"] {
        let response = get(stack.addr, path).await;
        assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
        assert!(response.ends_with(r#"{"message":"Internal Server Error"}"#), "{response}");
    }
}

#[tokio::test]
async fn other_paths_go_to_the_fallback() {
    let stack = Stack::echoing().await;
    for path in ["/", "/v1x", "/local/@connections/x", "/wsx"] {
        let response = get(stack.addr, path).await;
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
    }
    let page = axum::routing::get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string());
    let stack = Stack::start_before(Router::new().route("/", page), config(), |_, event| echo(event)).await;
    assert!(get(stack.addr, "/").await.ends_with("\r\n\r\n127.0.0.1"));
}

#[tokio::test]
async fn a_client_that_leaves_stops_no_function() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let stack = Stack::start(config(), move |_, _| Plan::Wait(Arc::clone(&waiting), json!({}))).await;
    let mut stream = TcpStream::connect(stack.addr).await.unwrap();
    stream.write_all(b"GET /v1/ HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    stack.call_of("api").await;
    drop(stream);
    gate.add_permits(1);
    stack.call_of("end of api").await;
}

/// Sends the requests, closes the sending side, and reads up to the end.
async fn send_all_and_read(addr: SocketAddr, requests: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = String::new();
    patiently(stream.read_to_string(&mut answers)).await.unwrap();
    answers
}

/// As `nc -N` and simple clients do.
#[tokio::test]
async fn a_client_that_ends_its_own_direction_is_answered() {
    let gate = closed_gate();
    let waiting = Arc::clone(&gate);
    let stack = Stack::start(config(), move |_, _| {
        Plan::Wait(Arc::clone(&waiting), json!({"statusCode": 200, "body": "done"}))
    })
    .await;
    let body = "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ntext";
    for request in ["GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n", body] {
        let answered = send_all_and_read(stack.addr, request);
        let during = async {
            stack.call_of("api").await;
            gate.add_permits(1);
            stack.call_of("end of api").await;
        };
        let (answer, ()) = tokio::join!(answered, during);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("done"), "{answer}");
    }
    gate.add_permits(20);
    let answers = send_all_and_read(stack.addr, &"GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n".repeat(20)).await;
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 20, "{answers}");
}

#[tokio::test]
async fn a_request_that_its_client_breaks_off_runs_no_function() {
    let stack = Stack::echoing().await;
    for part in
        ["GET /v1/x HTTP/1.1\r\nHo", "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\ntext"]
    {
        let answer = send_all_and_read(stack.addr, part).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    assert!(!stack.was_called().await);
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_is_cut() {
    let mut config = config();
    config.limits.header_read_timeout = Duration::from_millis(50);
    let stack = Stack::start(config, |_, event| echo(event)).await;
    stack.raw(b"GET /v1/x HTTP/1.1\r\nHost: h\r\nX-Slow: ").await;
}

/// As on Lambda, whose answer holds the body as a JSON string.
#[tokio::test]
async fn an_answer_of_a_function_over_6_mb_is_a_failure() {
    let stack = Stack::start(config(), |_, event| {
        let bytes = event["rawPath"].as_str().and_then(|path| path.rsplit('/').next()?.parse().ok());
        Plan::Answer(json!({"statusCode": 200, "body": "\"".repeat(bytes.unwrap_or(0))}))
    })
    .await;
    for (quotes, expected) in [(3_000_000, "HTTP/1.1 200 "), (3_200_000, "HTTP/1.1 500 ")] {
        let response = get(stack.addr, &format!("/v1/{quotes}")).await;
        assert!(response.starts_with(expected), "{quotes}: {}", &response[..100]);
    }
}
