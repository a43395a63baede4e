//! Signing up, logging in and out, and tickets.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use confab_app::issue_ticket::issue_ticket;
use confab_app::ports::Identity;
use confab_app::{end_device, log_in, refresh_session, sign_up};
use confab_domain::budget::Budget;
use confab_lambda::clock;
use confab_protocol::http::{Login, Refresh, Session, Signup, Ticket};

use crate::Shared;
use crate::answer::Failure;
use crate::event::CALLED_HOST;
use crate::extract::{Body, Caller, Source};

/// Make an account, and log in to it.
#[utoipa::path(post, path = "/v1/signup", operation_id = "sign_up", tag = "accounts",
    request_body = Signup, responses(
    (status = 201, body = Session),
    (status = 400, description = "A field is missing or wrong."),
    (status = 409, description = "The handle is taken."),
    (status = 429, description = "Too many signups from this address."),
))]
pub(super) async fn signup(
    State(api): State<Shared>,
    Source(source): Source,
    Body(signup): Body<Signup>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let now = clock::now();
    let ids = api.fresh_ids(now)?;
    let keys = (&api.passwords, &api.tokens);
    let session = sign_up::sign_up(&api.store, keys, api.rates, &source, signup, ids, now).await?;
    Ok((StatusCode::CREATED, Json(session)))
}

/// Log in on a device.
#[utoipa::path(post, path = "/v1/login", operation_id = "log_in", tag = "accounts",
    request_body = Login, responses(
    (status = 200, body = Session),
    (status = 400, description = "A field is missing or wrong."),
    (status = 401, description = "Wrong handle or password."),
    (status = 429, description = "Too many tries from this address, or at this handle."),
))]
pub(super) async fn login(
    State(api): State<Shared>,
    Source(source): Source,
    Body(login): Body<Login>,
) -> Result<Json<Session>, Failure> {
    let now = clock::now();
    let ids = api.fresh_ids(now)?;
    let keys = (&api.passwords, &api.tokens);
    let rates = (api.rates, source.as_str());
    Ok(Json(log_in::log_in(&api.presence(now)?, (&api.gateway, &api.push), keys, rates, login, ids).await?))
}

/// Renew a login. While its answer is unused, or for a minute, the old refresh token gives it again; later it ends the login.
#[utoipa::path(post, path = "/v1/token/refresh", operation_id = "refresh_session", tag = "accounts",
    request_body = Refresh, responses(
    (status = 200, body = Session),
    (status = 400, description = "A field is missing or wrong."),
    (status = 401, description = "The token is forged, expired, dead or used before."),
))]
pub(super) async fn refresh(
    State(api): State<Shared>,
    Body(refresh): Body<Refresh>,
) -> Result<Json<Session>, Failure> {
    let context = api.presence(clock::now())?;
    let ways = (&api.gateway, &api.push);
    let session = refresh_session::refresh_session(&context, ways, &api.tokens, &refresh).await?;
    Ok(Json(session))
}

/// Log this device out: its tokens die and its sockets close.
#[utoipa::path(post, path = "/v1/logout", operation_id = "log_out", tag = "accounts",
    security(("access_token" = [])), responses(
    (status = 204),
))]
pub(super) async fn logout(State(api): State<Shared>, caller: Caller) -> Result<StatusCode, Failure> {
    let Caller { identity, now } = caller;
    let Identity { user, device, family } = identity;
    let ways = (&api.gateway, &api.push);
    end_device::end_device(&api.presence(now)?, ways, user, device, Some(family)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get a ticket that opens a WebSocket, and the address to open.
#[utoipa::path(post, path = "/v1/tickets", operation_id = "create_ticket", tag = "accounts",
    security(("access_token" = [])), responses(
    (status = 200, body = Ticket),
    (status = 429, description = "Too many tickets of this user."),
))]
pub(super) async fn tickets(
    State(api): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Ticket>, Failure> {
    let user = caller.identity.user;
    api.limiter.take(user, Budget::Tickets, caller.now)?;
    api.limiter.settle(&api.store, user, caller.now).await;
    let endpoint = api.websocket_url.at(headers.get(CALLED_HOST).and_then(|host| host.to_str().ok()));
    Ok(Json(issue_ticket(&api.tokens, caller.identity, &endpoint, caller.now)))
}
