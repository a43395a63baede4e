//! The addresses of the runner, and the pages that may call it.

use tests::Chat;
use tests::runner::{Runner, command};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The head of the answer to a request, in lower case.
async fn head(http: &str, request: &str) -> String {
    let asked = async {
        let mut stream = TcpStream::connect(http.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap() > 0 {
            head.push(byte[0]);
        }
        String::from_utf8_lossy(&head).to_lowercase()
    };
    timeout(tests::DEADLINE, asked).await.expect("an answer in time")
}

#[tokio::test]
async fn it_listens_on_a_name() {
    let confab = Runner::of(&mut command(&["--memory", "--listen", "localhost:0"])).await;
    confab.chat().user().await.assert_logged_in().await;
}

#[tokio::test]
async fn tickets_name_the_address_that_clients_reach() {
    let confab = Runner::start(&["--memory"]).await;
    let url = confab.chat().user().await.ticket_url().await;
    assert!(url.starts_with(&confab.ws), "{url}");
    let confab = Runner::start(&["--memory", "--public-url", "https://chat.example"]).await;
    let url = confab.chat().user().await.ticket_url().await;
    assert!(url.starts_with("wss://chat.example/ws?ticket="), "{url}");
    assert!(confab.http.starts_with("http://127.0.0.1:"), "programs on this machine reach it as before");
}

#[tokio::test]
async fn pages_of_all_origins_may_call_unless_some_are_named() {
    for (args, origin, allowed) in [
        (&["--memory"][..], "https://app.example", Some("*")),
        (&["--memory", "--allow-origin", "any"], "https://app.example", Some("*")),
        (
            &["--memory", "--allow-origin", "https://a.example", "--allow-origin", "https://b.example"],
            "https://b.example",
            Some("https://b.example"),
        ),
        (&["--memory", "--allow-origin", "https://a.example"], "https://app.example", None),
    ] {
        let confab = Runner::start(args).await;
        let of_page = format!("HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: {origin}\r\n");
        let preflight = format!(
            "OPTIONS /v1/me {of_page}Access-Control-Request-Method: PATCH\r\n\
             Access-Control-Request-Headers: authorization,content-type\r\n\r\n"
        );
        let answers = [
            head(&confab.http, &preflight).await,
            head(&confab.http, &format!("GET /v1/health {of_page}\r\n")).await,
            head(&confab.http, &format!("GET /v1/me {of_page}\r\n")).await,
        ];
        for answer in answers {
            let named = answer.lines().find_map(|line| line.strip_prefix("access-control-allow-origin: "));
            assert_eq!(named, allowed, "{args:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn the_first_subprotocol_that_is_asked_for_is_echoed() {
    let confab = Runner::start(&["--memory"]).await;
    let user = confab.chat().user().await;
    for (asked, echoed) in [
        ("Sec-WebSocket-Protocol: chat\r\n", Some("chat")),
        ("Sec-WebSocket-Protocol:  graphql-ws , other\r\n", Some("graphql-ws")),
        ("Sec-WebSocket-Protocol: (odd)\r\n", None),
        ("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: other\r\n", Some("chat")),
        ("Sec-WebSocket-Protocol: chat, third\r\nSec-WebSocket-Protocol: other\r\n", Some("chat")),
        ("", None),
    ] {
        let url = user.ticket_url().await;
        let path = url.strip_prefix(confab.ws.trim_end_matches("/ws")).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{asked}\r\n"
        );
        let answer = head(&confab.http, &request).await;
        assert!(answer.starts_with("http/1.1 101 "), "{answer}");
        let named = answer.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        assert_eq!(named, echoed, "{asked}");
    }
}

#[tokio::test]
async fn developer_routes_are_refused_under_another_host_name() {
    let confab = Runner::start(&["--memory"]).await;
    let get = |target: &str, host: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    };
    for (target, host, status) in [
        ("/dev/pushes", "localhost:1", "200"),
        ("/dev/pushes", "evil.example", "421"),
        ("/dev/pushes", "127.0.0.1.evil.example", "421"),
        ("http://localhost/dev/pushes", "evil.example", "400"),
        ("/v1/health", "evil.example", "200"),
        ("/v1/health", "x/dev/pushes", "400"),
    ] {
        let answer = head(&confab.http, &get(target, host)).await;
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{target} {host}: {answer}");
    }
    Chat::at(&confab.http).user().await;
}
