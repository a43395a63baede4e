//! Presence: checks leases, and notifies friends of users who come online or go offline.

pub mod config;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use confab_app::presence::{PresenceTask, perform};
use confab_aws::gateway_apigw::Gateway;
use confab_aws::queue_sqs::{SourceQueue, SqsPushQueue};
use confab_lambda::clock;
use confab_lambda::presence::PresencePorts;
use confab_lambda::records::{self, Received};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct PresenceFunction {
    /// Sessions, contacts.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// Queue of pushes, for users who were unconfirmed and went offline.
    pub push: SqsPushQueue,
    /// Heartbeat policy, probes, and the queue of lease checks.
    pub presence: PresencePorts,
    /// The source queue and its dead-letter queue.
    pub source: SourceQueue,
}

impl PresenceFunction {
    /// Handles each record and answers with the ids of those to retry.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        records::perform_each(
            "presence",
            event,
            &self.source,
            |received: Received<PresenceTask>| async move {
                let context = self.presence.context(&self.store, clock::now())?;
                perform(&context, (&self.gateway, &self.push), &received.task, received.before).await
            },
        )
        .await
    }
}
