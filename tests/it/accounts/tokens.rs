//! Forged and modified tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tests::{Chat, Socket, User};

/// The three parts of a token, the first two decoded.
fn parts(token: &str) -> (Value, Value, String) {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("not a signed token: {token}") };
    let read = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(header), read(claims), signature.to_owned())
}

fn token(header: &Value, claims: &Value, signature: &str) -> String {
    let write = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.{signature}", write(header), write(claims))
}

async fn check_access_refused(user: &User, token: &str) {
    user.http.with_token(token).get("/v1/me").await.refused(401, "unauthenticated");
}

async fn check_ticket_refused(url: &str, ticket: &str) {
    let endpoint = url.split('?').next().unwrap();
    let refused = Socket::try_open(&format!("{endpoint}?ticket={ticket}"), None).await.unwrap_err();
    assert!([401, 403].contains(&refused), "{refused}");
}

#[tokio::test]
async fn a_changed_claim_is_refused() {
    let [alice, bob] = Chat::new().users().await;
    for (name, value) in
        [("sub", json!(bob.id)), ("exp", json!(u32::MAX)), ("aud", json!("confab-refresh")), ("x", json!(1))]
    {
        let (header, mut claims, signature) = parts(&alice.access_token);
        claims[name] = value;
        check_access_refused(&alice, &token(&header, &claims, &signature)).await;
    }
}

#[tokio::test]
async fn a_changed_signature_is_refused() {
    let alice = Chat::new().user().await;
    let (header, claims, signature) = parts(&alice.access_token);
    let mut bytes = URL_SAFE_NO_PAD.decode(&signature).unwrap();
    bytes[0] ^= 1;
    for signature in ["", "AAAA", &URL_SAFE_NO_PAD.encode(&bytes), &URL_SAFE_NO_PAD.encode([7; 32])] {
        check_access_refused(&alice, &token(&header, &claims, signature)).await;
    }
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    let alice = Chat::new().user().await;
    let (mut header, claims, signature) = parts(&alice.access_token);
    for algorithm in ["none", "None", "HS384", "RS256"] {
        header["alg"] = algorithm.into();
        check_access_refused(&alice, &token(&header, &claims, "")).await;
        check_access_refused(&alice, &token(&header, &claims, &signature)).await;
    }
}

#[tokio::test]
async fn a_token_of_the_past_by_another_key_is_refused() {
    let alice = Chat::new().user().await;
    let (header, mut claims, _) = parts(&alice.access_token);
    claims["exp"] = 1.into();
    check_access_refused(&alice, &token(&header, &claims, &URL_SAFE_NO_PAD.encode([7; 32]))).await;
}

#[tokio::test]
async fn a_tampered_ticket_opens_no_socket() {
    let [alice, bob] = Chat::new().users().await;
    let url = alice.ticket_url().await;
    let ticket = url.split("ticket=").nth(1).unwrap();
    let (header, claims, signature) = parts(ticket);
    let mut forged = claims.clone();
    forged["sub"] = bob.id.as_str().into();
    check_ticket_refused(&url, &token(&header, &forged, &signature)).await;
    forged["exp"] = 1.into();
    check_ticket_refused(&url, &token(&header, &forged, &URL_SAFE_NO_PAD.encode([7; 32]))).await;
    check_ticket_refused(&url, &format!("{ticket}x")).await;
    check_ticket_refused(&url, &ticket[..ticket.len() - 2]).await;
    Socket::open(&url).await.assert_alive().await;
}

#[tokio::test]
async fn every_call_but_the_first_ones_needs_a_token() {
    let chat = Chat::new();
    for path in ["/v1/me", "/v1/devices", "/v1/conversations", "/v1/users?handle=abc"] {
        chat.http.get(path).await.refused(401, "unauthenticated");
    }
    let [alice, bob] = chat.users().await;
    let dm = format!("/v1/conversations/{}", alice.dm(&bob));
    chat.http.get(&format!("/v1/users/{}", alice.id)).await.refused(401, "unauthenticated");
    chat.http.get(&format!("{dm}/messages")).await.refused(401, "unauthenticated");
    chat.http.post(&format!("{dm}/messages"), &json!({})).await.refused(401, "unauthenticated");
    chat.http.get(&format!("{dm}/receipts")).await.refused(401, "unauthenticated");
    chat.http.patch(&dm, &json!({})).await.refused(401, "unauthenticated");
    chat.http.patch("/v1/me", &json!({})).await.refused(401, "unauthenticated");
    chat.http.post("/v1/tickets", &json!({})).await.refused(401, "unauthenticated");
    chat.http.post("/v1/me/password", &json!({})).await.refused(401, "unauthenticated");
    chat.http.post("/v1/logout", &json!({})).await.refused(401, "unauthenticated");
    chat.http.delete(&format!("/v1/devices/{}", alice.device)).await.refused(401, "unauthenticated");
}
