//! `$connect`: registers a connection and renews its user's lease.
//!
//! The gateway takes no post to the connection before this function has answered, so the device's first frame is
//! `sync`.

pub mod config;

use std::time::Instant;

use confab_app::ports::{AccessClaims, ConnectionKey};
use confab_app::{
    Error, UserPermits, connections::close_connection::close_connection,
    connections::open_connection::open_connection,
};
use confab_aws::gateway_apigw::Gateway;
use confab_domain::Refusal;
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
    /// Open connections: those beyond the device's limit get a `closing` frame and are closed.
    pub gateway: Gateway,
    /// Heartbeat policy and the queue of lease checks, for the watch of the user.
    pub presence: PresencePorts,
    /// Permits for handshakes: a few of each user run side by side.
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
        // A frame may name this route as its action. On AWS such a frame never reaches this function.
        if event.request_context.event_type != "CONNECT" {
            return Err(Error::Internal("not a handshake"));
        }
        let Caller { identity, connection, .. } = event.caller()?;
        let _permit = self.handshakes.acquire(identity.user, &RuntimeSleeper).await?;
        // Read after the wait: an earlier time would look like a clock that went back.
        let now = clock::now();
        let context = self.presence.context(&self.store, now)?;
        let claims = AccessClaims { identity, generation: event.generation() };
        let opening = open_connection(&context, &self.gateway, claims, &connection);
        let opened = deadline::within(Box::pin(opening)).await;
        if matches!(opened, Err(Error::Store(_))) {
            // The handshake is refused, so the connection must not stay registered, wherever the call was interrupted.
            let undo = close_connection(&self.store, identity.user, ConnectionKey::from(&connection), now);
            deadline::undo(undo).await;
        }
        opened
    }
}
