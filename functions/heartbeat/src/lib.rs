//! Route `heartbeat`: renews the lease and answers with the next interval.

pub mod config;

use std::sync::Arc;

use confab_app::Limiter;
use confab_app::presence::renew::heartbeat;
use confab_aws::gateway_apigw::Gateway;
use confab_domain::Attendance;
use confab_domain::budget::Budget;
use confab_lambda::presence::PresencePorts;
use confab_lambda::websocket::{Caller, Event, Response, answer};
use confab_protocol::{ServerFrame, client, server};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct HeartbeatFunction {
    /// Sessions and devices.
    pub store: Store,
    /// Open connections: one whose login has ended gets a `closing` frame and is closed.
    pub gateway: Gateway,
    /// Heartbeat policy and the queue of lease checks.
    pub presence: PresencePorts,
    /// Budgets of users.
    pub limiter: Arc<Limiter>,
}

impl HeartbeatFunction {
    /// Answers with `heartbeat`, or an error.
    pub async fn handle(&self, event: Event) -> Response {
        let ways = (&*self.limiter, Budget::Frames, &self.gateway);
        answer(&event, ways, async |mut caller: Caller, frame: client::HeartbeatRequest| {
            let is_idle = frame.idle == Some(true);
            caller.connection.attendance = if is_idle { Attendance::Idle } else { Attendance::Attended };
            let context = self.presence.context(&self.store, caller.now)?;
            let Caller { identity, connection, .. } = &caller;
            let next = heartbeat(&context, &self.gateway, &self.limiter, *identity, connection).await?;
            Ok(Some(ServerFrame::Heartbeat(server::HeartbeatFrame {
                id: frame.id,
                server_at_ms: Some(caller.now.as_ms()),
                next_seconds: next.as_secs(),
            })))
        })
        .await
    }
}
