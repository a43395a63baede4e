//! Looks whether leases have run out, and tells friends who has come and gone.

pub mod config;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use confab_app::presence::{PresenceTask, perform};
use confab_gateway_apigw::Gateway;
use confab_lambda::clock;
use confab_lambda::presence::PresencePorts;
use confab_lambda::records::{self, Received};
use confab_queue_sqs::{SourceQueue, SqsPushQueue};
use confab_store_dynamodb::Store;

/// The function.
#[derive(Debug)]
pub struct PresenceFunction {
    /// Sessions, contacts.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// What phones are told of who fell silent.
    pub push: SqsPushQueue,
    /// What is looked at later, and how long silence may last.
    pub presence: PresencePorts,
    /// Where records come from, and where those go that nobody can handle.
    pub source: SourceQueue,
}

impl PresenceFunction {
    /// Answers with the records that are to come again.
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
