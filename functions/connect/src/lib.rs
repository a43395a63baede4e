//! `$connect`: puts a connection on record, and its user online.
//!
//! Nothing can be sent to the device before this has answered, so its first
//! frame is `sync`.

pub mod config;

use std::time::Instant;

use confab_app::ports::{AccessClaims, ConnectionKey};
use confab_app::{Error, UserPermits, close_connection::close_connection, open_connection::open_connection};
use confab_domain::Refusal;
use confab_gateway_apigw::Gateway;
use confab_lambda::presence::PresencePorts;
use confab_lambda::sleeper::RuntimeSleeper;
use confab_lambda::websocket::{Caller, Event, Response};
use confab_lambda::{clock, deadline, summary};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct ConnectFunction {
    /// Sessions and devices.
    pub store: Store,
    /// Open connections: the oldest of too many is told so and closed.
    pub gateway: Gateway,
    /// Has the user watched.
    pub presence: PresencePorts,
    /// Whose handshakes are judged, of each few at once.
    pub handshakes: UserPermits,
}

impl ConnectFunction {
    /// Answers 200 if the socket may open.
    pub async fn handle(&self, event: Event) -> Response {
        let started = Instant::now();
        let result = self.connect(&event).await;
        summary::log("connect", result.as_ref().err(), started.elapsed());
        Response::status(match result {
            Ok(()) => return Response::opened(event.subprotocol()),
            Err(Error::Refused(Refusal::RateLimited { .. })) => 429,
            Err(Error::Refused(_) | Error::ConnectionEnded(_)) => 401,
            Err(Error::Store(_) | Error::Contended) => 503,
            Err(Error::Internal(_)) => 500,
        })
    }

    async fn connect(&self, event: &Event) -> Result<(), Error> {
        // A frame may name this route as its action; on AWS it never gets here.
        if event.request_context.event_type != "CONNECT" {
            return Err(Error::Internal("not a handshake"));
        }
        let Caller { identity, connection, .. } = event.caller()?;
        let _permit = self.handshakes.acquire(identity.user, &RuntimeSleeper).await?;
        // It may have waited, and a time of before would look like a clock that went back.
        let now = clock::now();
        let context = self.presence.context(&self.store, now)?;
        let claims = AccessClaims { identity, generation: event.generation() };
        let opening = open_connection(&context, &self.gateway, claims, &connection);
        let opened = deadline::within(Box::pin(opening)).await;
        if matches!(opened, Err(Error::Store(_))) {
            // The handshake is refused, so nothing must stay registered, whatever was interrupted.
            let undo = close_connection(&self.store, identity.user, ConnectionKey::from(&connection), now);
            deadline::undo(undo).await;
        }
        opened
    }
}
