//! Announces what the queue says is to be announced.

pub mod config;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use confab_app::delivery::Delivery;
use confab_app::fan_out::{FanOutTask, fan_out};
use confab_app::metric;
use confab_app::presence::Probes;
use confab_domain::lease::HeartbeatPolicy;
use confab_gateway_apigw::Gateway;
use confab_lambda::clock;
use confab_lambda::records::{self, Received};
use confab_queue_sqs::{SourceQueue, SqsFanOutQueue, SqsPushQueue};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct FanOutFunction {
    /// Logs, groups, sessions, inbox rows.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// What is announced again, to connections that did not take it.
    pub queue: SqsFanOutQueue,
    /// Who was not reached.
    pub push: SqsPushQueue,
    /// How often clients are heard from, and how long that lasts.
    pub policy: HeartbeatPolicy,
    /// Who was asked lately whether they are alive.
    pub probes: Arc<Probes>,
    /// Where records come from, and where those go that nobody can handle.
    pub source: SourceQueue,
}

impl FanOutFunction {
    /// Answers with the records that are to come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        records::perform_each("fan-out", event, &self.source, |received: Received<FanOutTask>| async move {
            let delivery = Delivery {
                connections: &self.gateway,
                push: &self.push,
                policy: self.policy,
                probes: &self.probes,
            };
            let task = &received.task;
            let sent_at = fan_out(&self.store, (&delivery, &self.queue), task, clock::now()).await?;
            // That a client does not read says nothing of how late announcements are.
            if !task.is_repetition() {
                let lag = clock::now().since(sent_at);
                metrics::histogram!(metric::FAN_OUT_LAG).record(lag.as_secs_f64() * 1000.0);
            }
            Ok(())
        })
        .await
    }
}
