//! Route `heartbeat`: renews the lease, and says when the next one is due.

pub mod config;

use confab_app::heartbeat::heartbeat;
use confab_domain::lease::HeartbeatPolicy;
use confab_lambda::websocket::{Caller, Event, Response, answer};
use confab_protocol::{ServerFrame, client, server};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct Heartbeat {
    /// Sessions and devices.
    pub store: Store,
    /// How often, and how long it lasts.
    pub policy: HeartbeatPolicy,
}

impl Heartbeat {
    /// Answers with `heartbeat`, or an error.
    pub async fn handle(&self, event: Event) -> Response {
        answer(&event, async |caller: Caller, frame: client::Heartbeat| {
            let now = caller.now;
            heartbeat(&self.store, caller.identity, caller.connection, self.policy, now).await?;
            Ok(Some(ServerFrame::Heartbeat(server::Heartbeat {
                id: frame.id,
                server_at_ms: now.as_ms(),
                next_seconds: self.policy.interval.as_secs(),
            })))
        })
        .await
    }
}
