//! The calls, one module per subject.

mod accounts;
mod blocks;
mod contacts;
mod conversations;
mod devices;
mod groups;
mod meta;
mod profiles;

use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use confab_lambda::{deadline, summary};
use confab_protocol::ErrorCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::{Cause, Failure};
use crate::{Shared, description};

pub(crate) fn router(api: Shared) -> Router {
    let (router, mut openapi) = OpenApiRouter::with_openapi(description::start())
        .routes(routes!(accounts::signup))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::refresh))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::change_password))
        .routes(routes!(accounts::tickets))
        .routes(routes!(profiles::me, profiles::change_me))
        .routes(routes!(profiles::user))
        .routes(routes!(profiles::user_by_handle))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::put, contacts::remove))
        .routes(routes!(blocks::list))
        .routes(routes!(blocks::put, blocks::remove))
        .routes(routes!(devices::list))
        .routes(routes!(devices::end))
        .routes(routes!(devices::register_push, devices::unregister_push))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::change))
        .routes(routes!(conversations::messages, conversations::post_message))
        .routes(routes!(conversations::receipts))
        .routes(routes!(groups::create))
        .routes(routes!(groups::read, groups::rename, groups::delete))
        .routes(routes!(groups::put_member, groups::remove_member))
        .routes(routes!(meta::health))
        .split_for_parts();
    description::complete(&mut openapi);
    router
        .merge(meta::description(&openapi))
        .fallback(|| async {
            Failure::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, "no call has this path")
        })
        .method_not_allowed_fallback(|| async {
            Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorCode::BadRequest,
                "the path does not take this method",
            )
        })
        .layer(from_fn(log))
        .with_state(api)
}

async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let response = deadline::within(async { Ok(next.run(request).await) }).await;
    let response = response.unwrap_or_else(|error| Failure::from(error).into_response());
    let cause = response.extensions().get::<Cause>().map(|cause| cause.0.as_ref());
    summary::log("api", cause, started.elapsed());
    response
}
