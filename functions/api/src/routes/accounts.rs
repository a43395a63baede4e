//! Signing up, logging in and out, and tickets.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use confab_app::accounts::issue_ticket::issue_ticket;
use confab_app::accounts::sign_up::SignupPolicy;
use confab_app::ports::Identity;
use confab_app::{
    accounts::change_password, accounts::end_device, accounts::log_in, accounts::refresh_session,
    accounts::sign_up,
};
use confab_domain::budget::{ANSWER_MIN, Budget};
use confab_lambda::clock;
use confab_protocol::http::{Login, Logout, PasswordChange, Refresh, Session, Signup, Ticket};

use crate::Shared;
use crate::answer::{Failure, Secret};
use crate::event::CALLED_HOST;
use crate::extract::{Body, Caller, MaybeBody, Source};

/// Create an account and log in to it.
#[utoipa::path(post, path = "/v1/signup", operation_id = "sign_up", tag = "accounts",
    request_body = Signup, responses(
    (status = 201, body = Session),
    (status = 400, description = "A field is missing or wrong."),
    (status = 403, description = "Signups are closed, or need a valid `invite`."),
    (status = 409, description = "The handle is taken."),
    (status = 429, description = "Too many signups from this address."),
))]
pub(super) async fn signup(
    State(api): State<Shared>,
    Source(source): Source,
    Body(signup): Body<Signup>,
) -> Result<(StatusCode, Secret<Session>), Failure> {
    let now = clock::now();
    let ids = api.fresh_ids(now)?;
    let keys = (&api.passwords, &api.tokens);
    let policy = SignupPolicy { mode: api.signup_mode, per_source: api.rates.per_source };
    let session = sign_up::sign_up(&api.store, keys, (policy, &source), signup, ids, now).await?;
    Ok((StatusCode::CREATED, Secret(session)))
}

/// Log in on a device.
#[utoipa::path(post, path = "/v1/login", operation_id = "log_in", tag = "accounts",
    request_body = Login, responses(
    (status = 200, body = Session),
    (status = 400, description = "A field is missing or wrong."),
    (status = 401, description = "Wrong handle or password."),
    (status = 429, description = "Too many attempts from this address, or for this handle."),
))]
pub(super) async fn login(
    State(api): State<Shared>,
    Source(source): Source,
    Body(login): Body<Login>,
) -> Result<Secret<Session>, Failure> {
    let now = clock::now();
    let ids = api.fresh_ids(now)?;
    let keys = (&api.passwords, &api.tokens);
    let rates = (api.rates, source.as_str());
    let ways = (&api.gateway, &api.push);
    Ok(Secret(log_in::log_in(&api.presence(now)?, ways, keys, rates, login, ids).await?))
}

/// Exchange a refresh token for the tokens of the next generation.
///
/// The refresh token before the current one is answered with the current tokens again: for 60 seconds after its first
/// answer, and later to the same `attempt` until a token of the new generation is used. Any other use of an old refresh
/// token ends the login.
#[utoipa::path(post, path = "/v1/token/refresh", operation_id = "refresh_session", tag = "accounts",
    request_body = Refresh, responses(
    (status = 200, body = Session),
    (status = 400, description = "A field is missing or wrong."),
    (status = 401, description = "The token is forged, has expired or was used before, or its login has ended."),
    (status = 429, description = "The user's read budget is used up."),
))]
pub(super) async fn refresh(
    State(api): State<Shared>,
    Body(refresh): Body<Refresh>,
) -> Result<Secret<Session>, Failure> {
    let now = clock::now();
    let (context, ways) = (api.presence(now)?, (&api.gateway, &api.push));
    let user = refresh_session::user_of(&api.tokens, &refresh, now);
    if let Ok(user) = user {
        api.limiter.check(user, Budget::Answers, now)?;
    }
    let session = refresh_session::refresh_session(&context, ways, &api.tokens, &refresh).await?;
    if let Ok(user) = user {
        // Charged after a success only: a request with an old token takes nothing from the user's budget.
        api.limiter.charge(user, Budget::Answers, ANSWER_MIN, now);
        api.limiter.settle(&api.store, user, now).await;
    }
    Ok(Secret(session))
}

/// Change the password, and log every other device out. This device goes on with the tokens of the answer.
#[utoipa::path(post, path = "/v1/me/password", operation_id = "change_password", tag = "accounts",
    security(("access_token" = [])), request_body = PasswordChange, responses(
    (status = 200, body = Session),
    (status = 400, description = "A field is missing or wrong."),
    (status = 403, description = "The old password is wrong."),
    (status = 429, description = "Too many attempts from this address, or for this handle."),
))]
pub(super) async fn change_password(
    State(api): State<Shared>,
    caller: Caller,
    Source(source): Source,
    Body(change): Body<PasswordChange>,
) -> Result<Secret<Session>, Failure> {
    let (context, ways) = (api.presence(caller.now)?, (&api.gateway, &api.push));
    let (keys, rates) = ((&api.passwords, &api.tokens), (api.rates, source.as_str()));
    let changing = change_password::change_password(&context, ways, keys, rates, caller.identity, &change);
    Ok(Secret(Box::pin(changing).await?))
}

/// Log this device out, or all devices of the user: their tokens become invalid and their WebSockets are closed.
#[utoipa::path(post, path = "/v1/logout", operation_id = "log_out", tag = "accounts",
    security(("access_token" = [])), request_body = Option<Logout>, responses(
    (status = 204),
    (status = 400, description = "A field is wrong."),
))]
pub(super) async fn logout(
    State(api): State<Shared>,
    caller: Caller,
    MaybeBody(logout): MaybeBody<Logout>,
) -> Result<StatusCode, Failure> {
    let Caller { identity, now } = caller;
    let Identity { user, device, family } = identity;
    let (context, ways) = (api.presence(now)?, (&api.gateway, &api.push));
    if logout.everywhere {
        end_device::end_every_device(&context, ways, identity).await?;
    } else {
        end_device::end_device(&context, ways, user, device, Some(family)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Get a ticket for a WebSocket, and the URL to open with it.
#[utoipa::path(post, path = "/v1/tickets", operation_id = "create_ticket", tag = "accounts",
    security(("access_token" = [])), responses(
    (status = 200, body = Ticket),
    (status = 429, description = "The user has asked for too many tickets."),
))]
pub(super) async fn tickets(
    State(api): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Secret<Ticket>, Failure> {
    let user = caller.identity.user;
    api.limiter.take(user, Budget::Tickets, caller.now)?;
    api.limiter.settle(&api.store, user, caller.now).await;
    let endpoint = api.websocket_url.at(headers.get(CALLED_HOST).and_then(|host| host.to_str().ok()));
    Ok(Secret(issue_ticket(&api.tokens, caller.identity, &endpoint, caller.now)))
}
