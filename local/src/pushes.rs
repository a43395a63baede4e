//! Pushes that phones would get, for developers: `GET /dev/pushes`.
//!
//! `GET /dev/pushes/{conversation}/{seq}` explains the outcome of a message for each member.

use std::net::IpAddr;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use confab_app::push::explain::{Explanation, Question, explain};
use confab_app::wire;
use confab_domain::lease::HeartbeatPolicy;
use confab_embedded_aws::{Published, Sns};
use confab_lambda::clock;
use confab_store_dynamodb::Store;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// State from which messages are explained.
#[derive(Clone, Debug)]
pub(crate) struct ExplainState {
    pub(crate) store: Store,
    pub(crate) policy: HeartbeatPolicy,
}

/// Router of `GET /dev/pushes`, with the pushes that this SNS has accepted.
pub fn recorded(sns: Sns) -> Router {
    Router::new().route("/dev/pushes", get(list)).with_state(sns)
}

/// Refuses a request whose `Host` is neither an address nor `localhost`. Otherwise a page whose own name resolves to
/// this machine could read what browsers keep from pages of other hosts.
pub(crate) async fn only_by_address(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(is_address) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "open this by an address, or as localhost").into_response()
}

fn is_address(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let ip = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    ip.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost")
}

/// Router of `GET /dev/pushes/{conversation}/{seq}`.
pub(crate) fn explained(state: ExplainState) -> Router {
    Router::new().route("/dev/pushes/{conversation}/{seq}", get(explain_message)).with_state(state)
}

/// A push, as APNs or FCM would get it.
#[derive(Debug, Serialize)]
struct Push {
    /// User of the device, `usr_…`.
    user: String,
    /// Device, `dev_…`.
    device: String,
    /// `apns` or `fcm`.
    platform: &'static str,
    /// Body of the request to the platform.
    payload: Value,
    /// Attributes for SNS, each under the last part of its name: `COLLAPSE_ID`, `TTL`, …
    attributes: Map<String, Value>,
    sent_at_ms: u64,
}

async fn list(State(sns): State<Sns>) -> Result<Json<Value>, StatusCode> {
    let read = tokio::task::spawn_blocking(move || sns.published()).await;
    let published = read.ok().and_then(Result::ok).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let pushes: Vec<Push> = published.into_iter().map(push).collect();
    Ok(Json(json!({ "pushes": pushes })))
}

async fn explain_message(
    State(ExplainState { store, policy }): State<ExplainState>,
    Path((conversation, seq)): Path<(String, u64)>,
) -> Result<Json<Explanation>, (StatusCode, Json<Value>)> {
    explain(&store, policy, Question { conversation, seq }, clock::now())
        .await
        .map(Json)
        .map_err(|error| (StatusCode::BAD_REQUEST, Json(json!({ "error": wire::error_body(&error) }))))
}

fn push(published: Published) -> Push {
    let body: Value = serde_json::from_str(&published.message).unwrap_or(Value::String(published.message));
    let is_apns = published.platform.starts_with("APNS");
    let (payload, facts) = if is_apns {
        let facts = body["confab"].clone();
        (body, facts)
    } else {
        let message = &body["fcmV1Message"]["message"];
        (json!({ "message": message }), message["data"].clone())
    };
    let text = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
    let attribute = |(name, value): (String, String)| {
        (name.rsplit('.').next().unwrap_or_default().to_owned(), Value::String(value))
    };
    Push {
        user: text("user"),
        device: text("device"),
        platform: if is_apns { "apns" } else { "fcm" },
        payload,
        attributes: published.attributes.into_iter().map(attribute).collect(),
        sent_at_ms: published.sent_at_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_or_localhost_names_the_runner() {
        for host in ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "192.168.1.7:80"] {
            assert!(is_address(host), "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "::1"]
        {
            assert!(!is_address(host), "{host}");
        }
    }
}
