//! `$disconnect`: ends the registration of a connection.
//!
//! Best effort, since API Gateway may not call it: the first post to the connection, or the next handshake, ends the
//! registration then.

pub mod config;

use std::time::Instant;

use confab_app::ports::ConnectionKey;
use confab_app::{Error, connections::close_connection::close_connection};
use confab_lambda::websocket::{Caller, Event, Response};
use confab_lambda::{deadline, summary};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct DisconnectFunction {
    /// Sessions.
    pub store: Store,
}

impl DisconnectFunction {
    /// Answers 200 in all cases; the gateway ignores the answer.
    pub async fn handle(&self, event: Event) -> Response {
        let started = Instant::now();
        let result = self.disconnect(&event).await;
        summary::log("disconnect", result.as_ref().err(), started.elapsed());
        Response::status(200)
    }

    async fn disconnect(&self, event: &Event) -> Result<(), Error> {
        if event.request_context.event_type != "DISCONNECT" {
            return Err(Error::Internal("not the end of a connection"));
        }
        let Caller { identity, connection, now, .. } = event.caller()?;
        let key = ConnectionKey::from(&connection);
        deadline::within(close_connection(&self.store, identity.user, key, now)).await
    }
}
