//! The two APIs, as `template.yaml` declares them; a test compares the two.

use std::time::Duration;

use axum::http::{Method, header};
use confab_local_gateway::{Cors, HttpApi, Route, WebSocketApi};

use crate::addresses::AllowedOrigin;

/// The WebSocket API.
pub fn websocket_api(path: &str) -> WebSocketApi {
    let routes = vec![
        Route::new("$connect", "connect"),
        Route::new("$disconnect", "disconnect"),
        Route::new("$default", "default").answering(),
        Route::new("heartbeat", "heartbeat").answering(),
        Route::new("send", "send").answering(),
        Route::new("send_many", "send").answering(),
        Route::new("sync", "sync").answering(),
        Route::new("history", "sync").answering(),
        Route::new("read", "sync").answering(),
        Route::new("typing", "sync").answering(),
        Route::new("presence", "sync").answering(),
    ];
    WebSocketApi::new(path, routes).authorized_by("authorizer")
}

/// The HTTP API.
///
/// Pages of all origins may call it, unless origins are named.
pub fn http_api(allowed: &[AllowedOrigin]) -> HttpApi {
    let only = |origin: &AllowedOrigin| match origin {
        AllowedOrigin::Any => None,
        AllowedOrigin::Only(origin) => Some(origin.clone()),
    };
    let cors = Cors {
        allow_origins: allowed.iter().map(only).collect::<Option<_>>().unwrap_or_default(),
        allow_methods: vec![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE],
        allow_headers: vec![header::AUTHORIZATION, header::CONTENT_TYPE],
        expose_headers: vec![header::RETRY_AFTER],
        max_age: Duration::from_secs(86_400),
    };
    HttpApi { cors: Some(cors), ..HttpApi::new("/v1", "api") }
}
