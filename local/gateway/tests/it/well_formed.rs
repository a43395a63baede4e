use std::time::Duration;

use confab_local_gateway::Cors;
use http::{HeaderValue, Method, header};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Stack, config, echo, patiently};

#[tokio::test]
async fn a_request_that_is_not_well_formed_is_400_before_a_function_runs() {
    let stack = Stack::echoing().await;
    let long = "x".repeat(10_240);
    let longer = "x".repeat(64_000);
    for request in [
        "GET /v1/health HTTP/1.1\r\n\r\n".to_owned(),
        "GET /v1/health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".to_owned(),
        "GET /v1/health HTTP/1.1\r\nHost: a/v1/other\r\n\r\n".to_owned(),
        "GET /v1/health HTTP/1.1\r\nHost: a:99999\r\n\r\n".to_owned(),
        "GET /v1/health HTTP/1.1\r\nHost: \r\n\r\n".to_owned(),
        "GET /v1/health HTTP/1.1\r\nHost: \u{e9}\r\n\r\n".to_owned(),
        "GET http://b/v1/health HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n".to_owned(),
        "GET /ws HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(),
        format!("GET /v1/{long} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET /v1/health?{long} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET /v1/{longer} HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET /{longer} HTTP/1.1\r\nHost: a\r\n\r\n"),
    ] {
        let response = stack.raw(request.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{request}: {response}");
    }
    assert!(!stack.was_called().await);
    for target in ["/v1/health", "http://a/v1/health", "http://A/v1/health?x"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert!(stack.raw(request.as_bytes()).await.starts_with("HTTP/1.1 200 "), "{target}");
        assert_eq!(stack.call_of("api").await.event["rawPath"], "/v1/health");
    }
}

#[tokio::test]
async fn a_path_arrives_decoded_and_cut_at_a_question_mark_that_was_escaped() {
    let stack = Stack::echoing().await;
    for (sent, seen) in [
        ("/v1/a%20b/%C3%A9", "/v1/a b/\u{e9}"),
        ("/v1/a%2Fb", "/v1/a/b"),
        ("/v1/a%3Fb?x=%20", "/v1/a"),
        ("/v1/%ff%", "/v1/\u{fffd}%"),
    ] {
        let request = format!("GET {sent} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stack.raw(request.as_bytes()).await;
        let event = stack.call_of("api").await.event;
        assert_eq!(
            (&event["rawPath"], &event["requestContext"]["http"]["path"]),
            (&seen.into(), &seen.into())
        );
    }
}

/// Random bytes, by seed.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[2]
    };
    let length = usize::from(draw()) * 4;
    (0..length).map(|_| draw()).collect()
}

#[tokio::test]
async fn no_bytes_end_the_gateway_or_a_function() {
    let stack = Stack::echoing().await;
    for seed in 0..200 {
        let noise = noise(seed);
        for (before, after) in [
            (&b"X"[..], &b"\r\n\r\n"[..]),
            (b"GET /v1/", b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            (b"GET /v1/health?", b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            (b"GET /v1/health HTTP/1.1\r\nHost: ", b"\r\nConnection: close\r\n\r\n"),
            (b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: ", b"\r\nConnection: close\r\n\r\n"),
        ] {
            let request = [before, &noise, after].concat();
            let mut stream = TcpStream::connect(stack.addr).await.unwrap();
            stream.write_all(&request).await.unwrap();
            let mut response = Vec::new();
            // A connection that is closed with unread bytes may be reset.
            drop(patiently(stream.read_to_end(&mut response)).await);
            let response = String::from_utf8_lossy(&response).into_owned();
            assert!(!response.contains(" 500 "), "{seed}: {response}");
        }
    }
    let request = b"GET /v1/alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert!(stack.raw(request).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call_the_api_and_preflights_run_no_function() {
    for (origins, origin, allowed) in [
        (vec![], "https://app.example", Some("*")),
        (vec!["https://app.example"], "https://app.example", Some("https://app.example")),
        (vec!["https://app.example"], "https://evil.example", None),
    ] {
        let mut config = config();
        config.http.as_mut().unwrap().cors = Some(Cors {
            allow_origins: origins.into_iter().map(HeaderValue::from_static).collect(),
            allow_methods: vec![Method::GET, Method::PATCH],
            allow_headers: vec![header::AUTHORIZATION, header::CONTENT_TYPE],
            expose_headers: vec![header::RETRY_AFTER],
            max_age: Duration::from_secs(60),
        });
        let stack = Stack::start(config, |_, event| echo(event)).await;
        let head = format!("HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: {origin}\r\n");
        let preflight = format!(
            "OPTIONS /v1/me {head}Access-Control-Request-Method: PATCH\r\n\
             Access-Control-Request-Headers: authorization\r\n\r\n"
        );
        let allows = allowed.map(|origin| format!("access-control-allow-origin: {origin}\r\n"));
        let has = |response: &str| match &allows {
            Some(line) => response.contains(line),
            None => !response.contains("access-control-allow-origin"),
        };
        let response = stack.raw(preflight.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 2") && has(&response), "{response}");
        for line in [
            "access-control-allow-methods: GET,PATCH\r\n",
            "access-control-allow-headers: authorization,content-type\r\n",
            "access-control-max-age: 60\r\n",
        ] {
            assert!(response.contains(line), "{response}");
        }
        assert!(!stack.was_called().await);
        let response = stack.raw(format!("GET /v1/me {head}\r\n").as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 200 ") && has(&response), "{response}");
        assert!(response.contains("access-control-expose-headers: retry-after\r\n"), "{response}");
    }
}
