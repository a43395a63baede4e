//! Handshake: from an HTTP request to an open socket.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::oneshot};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    admission::{Admission, admit},
    answer::{self, Failure},
    close::Ending,
    event::{self, Handshake},
    session::Session,
    socket::Socket,
};
use crate::{
    clock,
    connections::{Mailbox, Opening},
    functions::Functions,
    headers, ids, query,
    shared::{Place, Shared},
};

/// Length of a `Sec-WebSocket-Key`. Unit: bytes. Source: RFC 6455, section 4.1.
const KEY_BYTES: usize = 16;

/// Answers a request for the path of the WebSocket API: 101, or the status of a refusal.
///
/// A task of its own handles the connection from here to `$disconnect`, so that a client that leaves early stops no
/// function half-way.
pub(crate) async fn accept<F: Functions>(shared: Arc<Shared<F>>, mut request: Request) -> Response {
    let accept_key = match check(&request, shared.limits().url_bytes_max) {
        Ok(accept_key) => accept_key,
        Err(status) => return misfit(status),
    };
    let place = request.extensions_mut().remove::<Place>();
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let (respond, response) = oneshot::channel();
    let task = live(Arc::clone(&shared), read(&parts), accept_key, upgrade, respond);
    shared.sockets.spawn(async move {
        task.await;
        drop(place);
    });
    response.await.unwrap_or_else(|_| misfit(StatusCode::INTERNAL_SERVER_ERROR))
}

async fn live<F: Functions>(
    shared: Arc<Shared<F>>,
    handshake: Handshake,
    accept_key: String,
    upgrade: OnUpgrade,
    respond: oneshot::Sender<Response>,
) {
    let under_way = shared.connections.begin(&handshake.connection_id);
    let admission = match admit(&shared, &handshake).await {
        Ok(admission) => admission,
        Err(status) => return drop(respond.send(refusal(status, &handshake))),
    };
    let switching = switching_protocols(&accept_key, admission.subprotocol.as_deref());
    let mailbox = open(&shared, handshake, admission);
    drop(under_way);
    let connection = Arc::clone(&mailbox.connection);
    drop(respond.send(switching));

    let (ending, socket) = match upgrade.await.ok().and_then(into_tcp) {
        Some((stream, early)) => {
            let socket = Socket::new(stream, early, shared.limits());
            Session::new(Arc::clone(&shared), socket, Arc::clone(&connection)).run(mailbox).await
        }
        None => {
            drop(mailbox);
            (Ending::cut(), None)
        }
    };
    let disconnected = async {
        if let Some(route) = &shared.routes.disconnect {
            let event = event::disconnect(&shared.config, connection.opening(), ending.code, &ending.reason);
            // A failure has been logged, and no caller is left to handle it.
            drop(shared.invoke(&route.function, event.json).await);
        }
    };
    let parted = async {
        if let Some(socket) = socket {
            socket.part(ending.goodbye, shared.limits().close_timeout).await;
        }
    };
    tokio::join!(disconnected, parted);
}

fn open<F: Functions>(shared: &Shared<F>, handshake: Handshake, admission: Admission) -> Mailbox {
    shared.connections.open(Opening {
        connection_id: handshake.connection_id,
        connected_at_ms: handshake.received_at_ms,
        source_ip: handshake.source_ip,
        user_agent: handshake.user_agent,
        authorizer: admission.authorizer,
    })
}

fn into_tcp(upgraded: Upgraded) -> Option<(TcpStream, Bytes)> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf))
}

/// Returns the value of `Sec-WebSocket-Accept`, or the status for a request that is no handshake.
fn check(request: &Request, url_bytes_max: usize) -> Result<String, StatusCode> {
    let url_bytes = request.uri().path_and_query().map_or(0, |url| url.as_str().len());
    if url_bytes > url_bytes_max {
        return Err(StatusCode::BAD_REQUEST);
    }
    let headers = request.headers();
    if !(lists(headers, "connection", "upgrade") && lists(headers, "upgrade", "websocket")) {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let version = only(headers, header::SEC_WEBSOCKET_VERSION).ok_or(StatusCode::BAD_REQUEST)?;
    if version != "13" {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let key = only(headers, header::SEC_WEBSOCKET_KEY).ok_or(StatusCode::BAD_REQUEST)?;
    let is_key = STANDARD.decode(key).is_ok_and(|key| key.len() == KEY_BYTES);
    if !is_key || request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(derive_accept_key(key.as_bytes()))
}

/// The value of a header that occurs once, without blanks around it.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    values.next().is_none().then_some(value)
}

fn lists(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn read(parts: &Parts) -> Handshake {
    let received_at_ms = clock::now_ms();
    let peer = peer(parts);
    Handshake {
        connection_id: ids::gateway_id(),
        received_at_ms,
        source_ip: peer.ip().to_string(),
        user_agent: headers::text(&parts.headers, "user-agent").map(str::to_owned),
        headers: headers::of_handshake(&parts.headers, peer, received_at_ms),
        query: query::parse(parts.uri.query().unwrap_or_default()),
    }
}

fn peer(parts: &Parts) -> SocketAddr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or_else(|| ([0, 0, 0, 0], 0).into(), |info| info.0)
}

fn switching_protocols(accept_key: &str, subprotocol: Option<&str>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    for (name, value) in
        [(header::SEC_WEBSOCKET_ACCEPT, Some(accept_key)), (header::SEC_WEBSOCKET_PROTOCOL, subprotocol)]
    {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

fn refusal(status: StatusCode, handshake: &Handshake) -> Response {
    let failure = match status {
        StatusCode::UNAUTHORIZED => Failure::Unauthorized,
        status if status.is_server_error() => Failure::Internal,
        _ => Failure::Forbidden,
    };
    let body = answer::failure(failure, &handshake.connection_id, &ids::gateway_id());
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Answers a request that is no handshake.
fn misfit(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if status == StatusCode::UPGRADE_REQUIRED {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}
