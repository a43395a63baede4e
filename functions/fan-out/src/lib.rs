//! Announces what the queue says is to be announced.

pub mod config;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use confab_app::delivery::Delivery;
use confab_app::fan_out::{FanOutTask, fan_out};
use confab_app::metric;
use confab_domain::lease::HeartbeatPolicy;
use confab_gateway_apigw::Gateway;
use confab_lambda::clock;
use confab_lambda::records::{self, Received};
use confab_queue_sqs::{DeadLetterQueue, SqsPushQueue};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct FanOut {
    /// Logs, groups, sessions, inbox rows.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// Who was not reached.
    pub push: SqsPushQueue,
    /// How often clients are heard from, and how long that lasts.
    pub policy: HeartbeatPolicy,
    /// Where records go that nobody can handle.
    pub dead_letters: DeadLetterQueue,
}

impl FanOut {
    /// Answers with the records that are to come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        records::perform_each(
            "fan-out",
            event,
            &self.dead_letters,
            |received: Received<FanOutTask>| async move {
                let delivery = Delivery { connections: &self.gateway, push: &self.push, policy: self.policy };
                let sent_at = fan_out(&self.store, &delivery, &received.task, clock::now()).await?;
                let lag = clock::now().since(sent_at);
                metrics::histogram!(metric::FAN_OUT_LAG).record(lag.as_secs_f64() * 1000.0);
                Ok(())
            },
        )
        .await
    }
}
