//! The WebSocket handshake.

use serde_json::json;
use tests::{Chat, Socket, User};

/// The address of the WebSocket without a ticket.
async fn endpoint(user: &User) -> String {
    user.ticket_url().await.split('?').next().unwrap().to_owned()
}

#[track_caller]
fn check_refused(opened: Result<Socket, u16>) {
    match opened {
        Ok(_) => panic!("a socket opened"),
        Err(status) => assert!([401, 403].contains(&status), "{status}"),
    }
}

#[tokio::test]
async fn a_ticket_opens_a_socket() {
    let alice = Chat::new().user().await;
    let ticket = alice.http.post("/v1/tickets", &json!({})).await.ok();
    let (url, ticket_text) = (ticket["url"].as_str().unwrap(), ticket["ticket"].as_str().unwrap());
    assert!(url.starts_with("ws") && url.contains(ticket_text), "{ticket}");
    assert!(ticket["expires_in_seconds"].as_u64() > Some(0), "{ticket}");
    Socket::open(url).await.assert_alive().await;
}

#[tokio::test]
async fn an_access_token_in_the_header_opens_a_socket() {
    let alice = Chat::new().user().await;
    let header = format!("Bearer {}", alice.access_token);
    let socket = Socket::try_open(&endpoint(&alice).await, Some(&header)).await;
    socket.unwrap().assert_alive().await;
}

#[tokio::test]
async fn without_a_valid_credential_no_socket_opens() {
    let alice = Chat::new().user().await;
    let endpoint = endpoint(&alice).await;
    check_refused(Socket::try_open(&endpoint, None).await);
    for ticket in ["", "nonsense", "a.b.c", &"x".repeat(2000)] {
        check_refused(Socket::try_open(&format!("{endpoint}?ticket={ticket}"), None).await);
    }
    for header in ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", &alice.access_token] {
        check_refused(Socket::try_open(&endpoint, Some(header)).await);
    }
}

#[tokio::test]
async fn only_a_ticket_is_a_ticket() {
    let alice = Chat::new().user().await;
    let endpoint = endpoint(&alice).await;
    for token in [&alice.access_token, &alice.refresh_token] {
        check_refused(Socket::try_open(&format!("{endpoint}?ticket={token}"), None).await);
    }
    check_refused(Socket::try_open(&endpoint, Some(&format!("Bearer {}", alice.refresh_token))).await);
}

#[tokio::test]
async fn a_ticket_is_no_access_token() {
    let alice = Chat::new().user().await;
    let ticket = alice.http.post("/v1/tickets", &json!({})).await.ok()["ticket"].as_str().unwrap().to_owned();
    alice.http.with_token(&ticket).get("/v1/me").await.refused(401, "unauthenticated");
    check_refused(Socket::try_open(&endpoint(&alice).await, Some(&format!("Bearer {ticket}"))).await);
    let body = json!({"refresh_token": ticket});
    alice.http.anonymous().post("/v1/token/refresh", &body).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_wrong_ticket_is_not_made_good_by_a_header() {
    let alice = Chat::new().user().await;
    let url = format!("{}?ticket=nonsense", endpoint(&alice).await);
    check_refused(Socket::try_open(&url, Some(&format!("Bearer {}", alice.access_token))).await);
}

#[tokio::test]
async fn a_plain_request_for_the_socket_is_no_internal_error() {
    let status = Chat::new().http.get("/ws").await.status;
    assert!((400..500).contains(&status), "{status}");
}
