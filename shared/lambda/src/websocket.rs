//! Events of a WebSocket API, and their answers.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use confab_app::connections::close_connection::close_with_reason;
use confab_app::ports::{Connection, Connections, Identity};
use confab_app::{Error, Limiter, chain, wire};
use confab_domain::budget::Budget;
use confab_domain::{Attendance, ConnectionId, Refusal, Timestamp};
use confab_protocol::client::Frame;
use confab_protocol::server::ClosingReason;
use confab_protocol::{ErrorFrame, ServerFrame, limits};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::deadline::Resumable;
use crate::sleeper::RuntimeSleeper;
use crate::{clock, deadline, frame, summary};

/// The parts of an event that functions use. `aws_lambda_events` has the whole event, for a multiple of the parsing on
/// the path of every message.
///
/// Shape: `{"requestContext":{"routeKey":"send","eventType":"MESSAGE","connectionId":"…",
/// "authorizer":{"user":"usr_…","device":"dev_…","family":"fam_…"}},"body":"{…}","isBase64Encoded":false}`.
/// Source: API Gateway developer guide, "Lambda proxy integrations for WebSocket APIs".
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Context of the request.
    pub request_context: RequestContext,
    /// Headers of a handshake, with the last value of each name; absent for a frame.
    #[serde(default)]
    pub headers: Option<HashMap<String, String>>,
    /// Headers of a handshake, with all values of each name, in the order in which they were sent.
    #[serde(default)]
    pub multi_value_headers: Option<HashMap<String, Vec<String>>>,
    /// The frame; absent for `$connect` and `$disconnect`.
    #[serde(default)]
    pub body: Option<String>,
    /// True for a frame that is not text.
    #[serde(default)]
    pub is_base64_encoded: bool,
}

/// Context of an [`Event`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// Route that the gateway chose.
    pub route_key: String,
    /// `CONNECT`, `MESSAGE` or `DISCONNECT`.
    pub event_type: String,
    /// Id of the connection.
    pub connection_id: String,
    /// Time at which the handshake began. Unit: milliseconds since the Unix epoch.
    #[serde(default)]
    pub connected_at: Option<u64>,
    /// Context from the answer of the authorizer of `$connect`.
    #[serde(default)]
    pub authorizer: HashMap<String, serde_json::Value>,
}

/// Names in the authorizer's context.
pub mod context {
    /// The user.
    pub const USER: &str = "user";
    /// The device.
    pub const DEVICE: &str = "device";
    /// The login, as a family of refresh tokens.
    pub const FAMILY: &str = "family";
    /// Generation of the access token; absent if a ticket was the credential.
    pub const GENERATION: &str = "generation";
}

/// Answer of a function. The gateway sends its body to the client as a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// 200, or the status that refuses a handshake.
    pub status_code: u16,
    /// Headers of the answer to a handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<&'static str, String>>,
    /// The frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// Header in which a client offers subprotocols, and in which the answer names the chosen one.
const SUBPROTOCOL: &str = "Sec-WebSocket-Protocol";

impl Response {
    /// Answer without a frame.
    pub const fn status(status_code: u16) -> Self {
        Self { status_code, headers: None, body: None }
    }

    /// Answer with a frame.
    pub fn frame(frame: &ServerFrame) -> Self {
        Self { status_code: 200, headers: None, body: serde_json::to_string(frame).ok() }
    }

    /// Admits a handshake, with the subprotocol that it gets.
    #[must_use]
    pub fn opened(subprotocol: Option<&str>) -> Self {
        let headers = subprotocol.map(|chosen| BTreeMap::from([(SUBPROTOCOL, chosen.to_owned())]));
        Self { headers, ..Self::status(200) }
    }

    /// Answer with an error frame.
    pub fn error(id: Option<String>, error: &Error) -> Self {
        Self::frame(&ServerFrame::Error(ErrorFrame { id, error: wire::error_body(error) }))
    }
}

/// Sender of an event.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Identity that the authorizer found.
    pub identity: Identity,
    /// Connection of the event.
    pub connection: Connection,
    /// When the invocation began.
    pub now: Timestamp,
    /// Deadline after which a request that can be resumed answers with what it has.
    pub deadline: Resumable,
}

impl Event {
    /// Returns the first subprotocol that a handshake offers. The server has one protocol, under any name, and a
    /// browser breaks off a handshake if the answer names none of the offered ones.
    ///
    /// Source: RFC 6455, section 4.1, and API Gateway developer guide, "Set up a $connect route that requires a
    /// WebSocket subprotocol".
    pub fn subprotocol(&self) -> Option<&str> {
        let is_asked = |name: &str| name.eq_ignore_ascii_case(SUBPROTOCOL);
        let all = self.multi_value_headers.iter().flatten().find(|(name, _)| is_asked(name));
        let last = || Some(self.headers.iter().flatten().find(|(name, _)| is_asked(name))?.1);
        let asked = all.and_then(|(_, values)| values.first()).or_else(last)?;
        let first = asked.split(',').next()?.trim();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        (!first.is_empty() && first.bytes().all(is_token)).then_some(first)
    }

    /// Returns the sender of the event.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if the authorizer's context is missing: the API is deployed without it.
    pub fn caller(&self) -> Result<Caller, Error> {
        let field = |name| self.authorized(name);
        let identity = || {
            Some(Identity {
                user: field(context::USER)?.parse().ok()?,
                device: field(context::DEVICE)?.parse().ok()?,
                family: field(context::FAMILY)?.parse().ok()?,
            })
        };
        let identity = identity().ok_or(Error::Internal("no authorizer context"))?;
        let now = clock::now();
        // Clocks disagree: a connection does not count as opened after it sends.
        let opened_at = self.request_context.connected_at.map_or(now, Timestamp::from_ms).min(now);
        let connection = Connection {
            id: ConnectionId::new(&self.request_context.connection_id),
            device: identity.device,
            family: Some(identity.family),
            opened_at,
            attendance: Attendance::Unstated,
        };
        Ok(Caller { identity, connection, now, deadline: Resumable::start() })
    }

    /// Generation of the access token that opened the connection; `None` if a ticket did.
    pub fn generation(&self) -> Option<u64> {
        self.authorized(context::GENERATION)?.parse().ok()
    }

    fn authorized(&self, name: &str) -> Option<&str> {
        self.request_context.authorizer.get(name).and_then(|value| value.as_str())
    }
}

/// Answers a frame: charges the sender's `budget`, parses the frame, runs `act`, and turns the outcome into a frame.
///
/// Every frame gets an answer, unless `act` returns none. An error leaves the connection open, except
/// [`Error::ConnectionEnded`]: then the client gets the reason in a `closing` frame, and the connection is closed.
/// [`Budget::Answers`] is charged with the minimum of an answer before `act` runs, and with the rest of the answer's
/// size afterwards.
pub async fn answer<F: Frame + DeserializeOwned>(
    event: &Event,
    (limiter, budget, connections): (&Limiter, Budget, &impl Connections),
    act: impl AsyncFnOnce(Caller, F) -> Result<Option<ServerFrame>, Error>,
) -> Response {
    let started = Instant::now();
    let body = event.body.as_deref().unwrap_or_default();
    let result = deadline::within(async {
        let caller = event.caller()?;
        let (user, now) = (caller.identity.user, caller.now);
        if budget != Budget::Answers {
            limiter.take(user, budget, now)?;
            return act(caller, read(body)?).await.map(response);
        }
        let _permit = limiter.read_permit(user, &RuntimeSleeper).await?;
        // Read after the wait: an earlier time would look like a clock that went back.
        let now = clock::now();
        let caller = Caller { now, ..caller };
        limiter.check(user, budget, now)?;
        let frame = match read(body) {
            Ok(frame) => frame,
            Err(refusal) => {
                limiter.take(user, Budget::Frames, now)?;
                return Err(refusal.into());
            }
        };
        limiter.begin_answer(user, now)?;
        let response = act(caller, frame).await.map(response)?;
        limiter.end_answer(user, response.body.as_ref().map_or(0, String::len), 0, now);
        Ok(response)
    })
    .await;
    summary::log(&event.request_context.route_key, result.as_ref().err(), started.elapsed());
    let error = match result {
        Ok(response) => return response,
        Err(error) => error,
    };
    let answer = Response::error(frame::id_of(body, limits::ID_BYTES_MAX), &error);
    match error {
        Error::ConnectionEnded(reason) => end(event, connections, answer, reason).await,
        Error::Refused(_) | Error::Contended | Error::Store(_) | Error::Internal(_) => answer,
    }
}

fn read<F: Frame + DeserializeOwned>(body: &str) -> Result<F, Refusal> {
    let frame: F = frame::parse(body.as_bytes())?;
    if frame.id().is_some_and(|id| id.len() > limits::ID_BYTES_MAX) {
        return Err(Refusal::field("id", format!("at most {} bytes", limits::ID_BYTES_MAX)));
    }
    Ok(frame)
}

fn response(frame: Option<ServerFrame>) -> Response {
    frame.map_or_else(|| Response::status(200), |frame| Response::frame(&frame))
}

/// Answers a frame of a connection that has ended, sends the reason, and closes the connection.
///
/// The answer is posted: as the function's answer it would arrive after the close.
async fn end(
    event: &Event,
    connections: &impl Connections,
    answer: Response,
    reason: ClosingReason,
) -> Response {
    let connection = ConnectionId::new(&event.request_context.connection_id);
    let body = answer.body.as_deref().unwrap_or_default();
    let is_posted = connections.post(&connection, body.as_bytes()).await.is_ok();
    if let Err(error) = close_with_reason(connections, &connection, reason).await {
        tracing::warn!(event = "close_failed", error = chain(&error));
    }
    if is_posted { Response::status(200) } else { answer }
}
