//! About the API itself.

use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::{Json, Router};
use confab_protocol::http::Health;
use utoipa::openapi::OpenApi;

use crate::Shared;

/// Whether the API answers.
#[utoipa::path(get, path = "/v1/health", operation_id = "get_health", tag = "meta",
    responses((status = 200, body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
}

/// The description of all calls, made from the code. It is no secret: no token is needed.
pub(super) fn description(openapi: &OpenApi) -> Router<Shared> {
    // A description that is no JSON would be found by the first test that reads it.
    let json = openapi.to_json().unwrap_or_default();
    Router::new()
        .route("/v1/openapi.json", get(move || async { ([(CONTENT_TYPE, "application/json")], json) }))
}
