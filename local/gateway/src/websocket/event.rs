//! Events for WebSocket routes and authorizers.
//!
//! Source: fixtures `example-apigw-websocket-*.json` of aws-lambda-rust-runtime; "WebSocket mapping template reference
//! for API Gateway" for the context.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use crate::{
    clock,
    config::GatewayConfig,
    connections::Opening,
    headers::{self, Headers},
    ids,
    query::{self, Query},
    shared::json,
};

/// A client's request to open a socket.
pub(super) struct Handshake {
    pub(super) connection_id: String,
    pub(super) received_at_ms: u64,
    pub(super) source_ip: String,
    pub(super) user_agent: Option<String>,
    pub(super) headers: Headers,
    pub(super) query: Query,
}

/// One event, and the id of its request.
pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) json: Bytes,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'a str, &'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<&'a Headers>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_query_string_parameters: Option<&'a Query>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    route_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    event_type: &'a str,
    extended_request_id: &'a str,
    request_time: String,
    message_direction: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'a str>,
    stage: &'a str,
    connected_at: u64,
    request_time_epoch: u64,
    identity: Identity<'a>,
    request_id: &'a str,
    domain_name: &'a str,
    connection_id: &'a str,
    api_id: &'a str,
}

#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    source_ip: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
}

/// `eventType` CONNECT, for an authorizer.
pub(super) fn authorize(config: &GatewayConfig, handshake: &Handshake) -> Event {
    let arn = config.connect_arn();
    let base = Shape { kind: Some("REQUEST"), method_arn: Some(&arn), ..Shape::default() };
    of_handshake(config, handshake, None, base)
}

/// `eventType` CONNECT, for the route `$connect`.
pub(super) fn connect(
    config: &GatewayConfig,
    handshake: &Handshake,
    authorizer: Option<&BTreeMap<String, String>>,
) -> Event {
    of_handshake(config, handshake, authorizer, Shape::default())
}

/// `eventType` MESSAGE.
pub(super) fn message(
    config: &GatewayConfig,
    opening: &Opening,
    route_key: &str,
    body: &str,
    is_base64_encoded: bool,
) -> Event {
    let message_id = ids::gateway_id();
    let context =
        Context { route_key, event_type: "MESSAGE", message_id: Some(&message_id), ..of_opening(opening) };
    complete(config, Shape { body: Some(body), is_base64_encoded, ..Shape::default() }, context)
}

/// `eventType` DISCONNECT, with the few headers that AWS gives it.
pub(super) fn disconnect(config: &GatewayConfig, opening: &Opening, code: u16, reason: &str) -> Event {
    let domain_name = config.domain_name();
    let few = [("Host", domain_name.as_str()), ("X-Forwarded-For", ""), ("x-api-key", ""), ("x-restapi", "")];
    let multi = few.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
    let context = Context {
        route_key: "$disconnect",
        event_type: "DISCONNECT",
        disconnect_status_code: Some(code),
        disconnect_reason: Some(reason),
        ..of_opening(opening)
    };
    let base = Shape {
        headers: Some(few.into_iter().collect()),
        multi_value_headers: Some(&multi),
        ..Shape::default()
    };
    complete(config, base, context)
}

fn of_handshake<'a>(
    config: &'a GatewayConfig,
    handshake: &'a Handshake,
    authorizer: Option<&'a BTreeMap<String, String>>,
    base: Shape<'a>,
) -> Event {
    let context = Context {
        route_key: "$connect",
        event_type: "CONNECT",
        authorizer,
        connected_at: handshake.received_at_ms,
        identity: Identity { source_ip: &handshake.source_ip, user_agent: handshake.user_agent.as_deref() },
        connection_id: &handshake.connection_id,
        ..Context::default()
    };
    let has_query = !handshake.query.is_empty();
    let shape = Shape {
        headers: Some(headers::last_values(&handshake.headers)),
        multi_value_headers: Some(&handshake.headers),
        query_string_parameters: query::last_values(&handshake.query),
        multi_value_query_string_parameters: has_query.then_some(&handshake.query),
        ..base
    };
    complete(config, shape, context)
}

fn of_opening(opening: &Opening) -> Context<'_> {
    Context {
        authorizer: opening.authorizer.as_ref(),
        connected_at: opening.connected_at_ms,
        identity: Identity { source_ip: &opening.source_ip, user_agent: opening.user_agent.as_deref() },
        connection_id: &opening.connection_id,
        ..Context::default()
    }
}

fn complete(config: &GatewayConfig, shape: Shape<'_>, context: Context<'_>) -> Event {
    let (now_ms, request_id, domain_name) = (clock::now_ms(), ids::gateway_id(), config.domain_name());
    let request_context = Context {
        extended_request_id: &request_id,
        request_id: &request_id,
        request_time: clock::request_time(now_ms),
        request_time_epoch: now_ms,
        message_direction: "IN",
        stage: &config.stage,
        domain_name: &domain_name,
        api_id: &config.api_id,
        ..context
    };
    let json = json(&Shape { request_context, ..shape });
    Event { request_id, json }
}
