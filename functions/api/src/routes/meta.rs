//! Health and description of the API.

use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::{Json, Router};
use confab_protocol::http::Health;
use utoipa::openapi::OpenApi;

use crate::Shared;

/// Check that the API answers.
#[utoipa::path(get, path = "/v1/health", operation_id = "get_health", tag = "meta",
    responses((status = 200, body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
}

/// Router of `openapi.json`, which is made from the code. It is public: the call needs no token.
pub(super) fn description(openapi: &OpenApi) -> Router<Shared> {
    // A document that cannot be written as JSON fails the first test that reads it.
    let json = openapi.to_json().unwrap_or_default();
    Router::new()
        .route("/v1/openapi.json", get(move || async { ([(CONTENT_TYPE, "application/json")], json) }))
}
