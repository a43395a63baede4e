//! Fan-out: announces the log entries that the queue names.

pub mod config;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use confab_app::delivery::deliver::Delivery;
use confab_app::delivery::fan_out::{FanOutTask, fan_out};
use confab_app::metric;
use confab_app::presence::Probes;
use confab_aws::gateway_apigw::Gateway;
use confab_aws::queue_sqs::{SourceQueue, SqsFanOutQueue, SqsPushQueue};
use confab_domain::lease::HeartbeatPolicy;
use confab_lambda::clock;
use confab_lambda::records::{self, Received};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct FanOutFunction {
    /// Logs, groups, sessions, inbox rows.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// Queue of announcements, for retries to connections that did not take one.
    pub queue: SqsFanOutQueue,
    /// Queue of pushes, for users who were not reached.
    pub push: SqsPushQueue,
    /// Heartbeat interval and presence timeout.
    pub policy: HeartbeatPolicy,
    /// Users who were probed recently.
    pub probes: Arc<Probes>,
    /// The source queue and its dead-letter queue.
    pub source: SourceQueue,
}

impl FanOutFunction {
    /// Handles each record and answers with the ids of those to retry.
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
            // Repetitions are left out of the lag: they are late because a client does not read.
            if !task.is_repetition() {
                let lag = clock::now().since(sent_at);
                metrics::histogram!(metric::FAN_OUT_LAG).record(lag.as_secs_f64() * 1000.0);
            }
            Ok(())
        })
        .await
    }
}
