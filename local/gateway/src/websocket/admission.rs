//! Admission of handshakes: the authorizer, then `$connect`.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use super::{authorizer, event, event::Handshake};
use crate::{functions::Functions, scalar::Scalar, shared::Shared};

/// Permission to open a socket.
pub(super) struct Admission {
    pub(super) authorizer: Option<BTreeMap<String, String>>,
    /// `Sec-WebSocket-Protocol`, as `$connect` chose it.
    pub(super) subprotocol: Option<String>,
}

/// Asks the authorizer and `$connect`, each if there is one.
///
/// # Errors
///
/// The status of the refused handshake. An error status of `$connect` is passed on; any other status is no proxy answer
/// and gives 500.
pub(super) async fn admit<F: Functions>(
    shared: &Arc<Shared<F>>,
    handshake: &Handshake,
) -> Result<Admission, StatusCode> {
    let config = &shared.config;
    let authorizer = match config.websocket.as_ref().and_then(|api| api.authorizer.as_ref()) {
        Some(function) => {
            let event = event::authorize(config, handshake);
            let answer = shared.invoke(function, event.json).await;
            Some(authorizer::decide(answer, &config.connect_arn())?)
        }
        None => None,
    };
    let Some(route) = &shared.routes.connect else {
        return Ok(Admission { authorizer, subprotocol: None });
    };
    let event = event::connect(config, handshake, authorizer.as_ref());
    let answer = shared.invoke(&route.function, event.json).await;
    let subprotocol = connected(&answer.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?)?;
    Ok(Admission { authorizer, subprotocol })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Scalar>>,
}

fn connected(answer: &Bytes) -> Result<Option<String>, StatusCode> {
    let answer: Answer = serde_json::from_slice(answer).map_err(|error| {
        tracing::warn!(%error, "the answer of $connect is malformed");
        StatusCode::INTERNAL_SERVER_ERROR
    })?;
    match answer.status_code {
        200..=299 => {
            let mut headers = answer.headers.unwrap_or_default().into_iter();
            let named = headers.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
            Ok(named.map(|(_, value)| value.0))
        }
        status @ 400..=599 => Err(StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN)),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &'static str, expected: Result<Option<&str>, u16>) {
        let connected = connected(&Bytes::from(answer)).map_err(|status| status.as_u16());
        assert_eq!(connected, expected.map(|subprotocol| subprotocol.map(str::to_owned)));
    }

    #[test]
    fn connect_admits_with_a_success_and_refuses_with_its_own_status() {
        check(r#"{"statusCode":200}"#, Ok(None));
        check(r#"{"statusCode":200,"headers":{"sec-websocket-protocol":"chat"}}"#, Ok(Some("chat")));
        check(r#"{"statusCode":401,"body":"no"}"#, Err(401));
        check(r#"{"statusCode":503}"#, Err(503));
        check(r#"{"statusCode":302}"#, Err(500));
        check("null", Err(500));
    }
}
