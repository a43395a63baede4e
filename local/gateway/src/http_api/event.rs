//! The event of an HTTP API, payload format 2.0.
//!
//! Source: "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway".

use std::{borrow::Cow, collections::BTreeMap, net::SocketAddr, str};

use axum::extract::ConnectInfo;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Version, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::{clock, config::GatewayConfig, headers, ids, query, shared::json};

/// The stage whose name is no part of the paths.
const STAGE: &str = "$default";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    version: &'a str,
    route_key: &'a str,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<Cow<'a, str>>>,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'a str,
    api_id: &'a str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: &'a str,
    stage: &'a str,
    time: String,
    time_epoch: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'a str,
    source_ip: String,
    user_agent: Cow<'a, str>,
}

/// The event for a request.
pub(super) fn request(config: &GatewayConfig, prefix: &str, parts: &Parts, body: &Bytes) -> Bytes {
    let (now_ms, request_id, domain_name) = (clock::now_ms(), ids::gateway_id(), config.domain_name());
    let peer = peer(parts);
    let path = &*decoded(parts.uri.path());
    let proxy = path.strip_prefix(prefix).map(|rest| rest.trim_start_matches('/')).unwrap_or_default();
    let route_key =
        if proxy.is_empty() { format!("ANY {prefix}") } else { format!("ANY {prefix}/{{proxy+}}") };
    let query = parts.uri.query().unwrap_or_default();
    let (body, is_base64_encoded) = encode(&parts.headers, body);
    let http = Http {
        method: parts.method.as_str(),
        path,
        protocol: if parts.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" },
        source_ip: peer.ip().to_string(),
        user_agent: parts
            .headers
            .get(header::USER_AGENT)
            .map(|value| lossy(value.as_bytes()))
            .unwrap_or_default(),
    };
    let request_context = Context {
        account_id: &config.account_id,
        api_id: &config.api_id,
        domain_name: &domain_name,
        domain_prefix: &config.api_id,
        http,
        request_id: &request_id,
        route_key: &route_key,
        stage: STAGE,
        time: clock::request_time(now_ms),
        time_epoch: now_ms,
    };
    json(&Shape {
        version: "2.0",
        route_key: &route_key,
        raw_path: path,
        raw_query_string: query,
        cookies: cookies(&parts.headers),
        headers: joined(&parts.headers, peer, now_ms),
        query_string_parameters: query::parse(query)
            .into_iter()
            .map(|(name, values)| (name, values.join(",")))
            .collect(),
        request_context,
        path_parameters: (!proxy.is_empty()).then_some(("proxy", proxy)).into_iter().collect(),
        body,
        is_base64_encoded,
    })
}

/// The path in the form of API Gateway's events: decoded, and cut at a `?` that was escaped.
///
/// Source: middleapi/standard-server#93, from events of live APIs. The query string stays encoded.
fn decoded(path: &str) -> Cow<'_, str> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    match decoded.find('?') {
        Some(end) => Cow::Owned(decoded[..end].to_owned()),
        None => decoded,
    }
}

/// All headers except cookies, with several values of a name joined by commas.
fn joined(sent: &HeaderMap, peer: SocketAddr, now_ms: u64) -> BTreeMap<&str, String> {
    let mut joined = BTreeMap::<&str, String>::new();
    for (name, value) in sent {
        if *name != header::COOKIE {
            let value = lossy(value.as_bytes());
            joined
                .entry(name.as_str())
                .and_modify(|values| {
                    values.push(',');
                    values.push_str(&value);
                })
                .or_insert_with(|| value.into_owned());
        }
    }
    joined.extend(headers::added(sent, peer, now_ms));
    joined
}

fn cookies(sent: &HeaderMap) -> Option<Vec<Cow<'_, str>>> {
    let mut cookies = Vec::new();
    for value in sent.get_all(header::COOKIE) {
        match lossy(value.as_bytes()) {
            Cow::Borrowed(text) => cookies.extend(split(text).map(Cow::Borrowed)),
            Cow::Owned(text) => cookies.extend(split(&text).map(|cookie| Cow::Owned(cookie.to_owned()))),
        }
    }
    (!cookies.is_empty()).then_some(cookies)
}

fn split(cookies: &str) -> impl Iterator<Item = &str> {
    cookies.split(';').map(str::trim).filter(|cookie| !cookie.is_empty())
}

/// The body as text, if its type and its bytes are text; otherwise in base64.
fn encode<'a>(headers: &HeaderMap, body: &'a Bytes) -> (Option<Cow<'a, str>>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match str::from_utf8(body) {
        Ok(text) if is_text(headers) => (Some(Cow::Borrowed(text)), false),
        _ => (Some(Cow::Owned(STANDARD.encode(body))), true),
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let Some(content_type) = headers::text(headers, header::CONTENT_TYPE.as_str()) else {
        return true;
    };
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = kind.rsplit('/').next().unwrap_or_default();
    kind.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded"].contains(&subtype)
        || subtype.ends_with("+json")
        || subtype.ends_with("+xml")
}

fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn peer(parts: &Parts) -> SocketAddr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or_else(|| ([0, 0, 0, 0], 0).into(), |info| info.0)
}
