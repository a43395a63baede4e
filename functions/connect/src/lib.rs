//! `$connect`: puts a connection on record, and its user online.
//!
//! Nothing can be sent to the device before this has answered, so its first
//! frame is `sync`.

pub mod config;

use std::time::Instant;

use confab_app::{Error, open_connection::open_connection};
use confab_gateway_apigw::Gateway;
use confab_lambda::presence::Presence;
use confab_lambda::summary;
use confab_lambda::websocket::{Caller, Event, Response};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct Connect {
    /// Sessions and devices.
    pub store: Store,
    /// Open connections: the oldest of too many is closed.
    pub gateway: Gateway,
    /// Has the user watched.
    pub presence: Presence,
}

impl Connect {
    /// Answers 200 if the socket may open.
    pub async fn handle(&self, event: Event) -> Response {
        let started = Instant::now();
        let result = self.connect(&event).await;
        summary::log("connect", result.as_ref().err(), started.elapsed());
        Response::status(match result {
            Ok(()) => 200,
            Err(Error::Refused(_)) => 401,
            Err(Error::Store(_) | Error::Contended) => 503,
            Err(Error::Internal(_)) => 500,
        })
    }

    async fn connect(&self, event: &Event) -> Result<(), Error> {
        // A frame may name this route as its action; on AWS it never gets here.
        if event.request_context.event_type != "CONNECT" {
            return Err(Error::Internal("not a handshake"));
        }
        let Caller { identity, connection, now } = event.caller()?;
        let context = self.presence.context(&self.store, now)?;
        open_connection(&context, &self.gateway, identity, connection).await
    }
}
