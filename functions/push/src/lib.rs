//! Pushes: alerts of missed messages, and clears of messages that were read elsewhere.

pub mod config;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use confab_app::push::explain::{Explanation, Question, explain};
use confab_app::push::{Context, PushTask, perform};
use confab_app::{Error, wire};
use confab_aws::push_sns::SnsPush;
use confab_aws::queue_sqs::{SourceQueue, SqsPushQueue};
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::retention::Retention;
use confab_lambda::records::{self, Received};
use confab_lambda::sleeper::RuntimeSleeper;
use confab_lambda::{clock, random};
use confab_protocol::ErrorBody;
use confab_store_dynamodb::Store;
use serde::{Deserialize, Serialize};

/// The function.
#[derive(Debug)]
pub struct PushFunction {
    /// Inbox rows, devices, accounts, logs, groups, sessions.
    pub store: Store,
    /// Push service.
    pub push: SnsPush,
    /// Queue of pushes, for later ones.
    pub queue: SqsPushQueue,
    /// The source queue and its dead-letter queue.
    pub source: SourceQueue,
    /// Whether an alert shows the text of its message.
    pub preview: bool,
    /// How long messages are kept.
    pub retention: Retention,
    /// Heartbeat interval and presence timeout.
    pub policy: HeartbeatPolicy,
}

/// Event that the function is invoked with.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// An operator's question.
    Explain {
        /// Which message to explain.
        explain: Question,
    },
    /// Records of the queue.
    Records(SqsEvent),
}

/// Answer of the function.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The outcome of a message for each member.
    Explanation(Explanation),
    /// The question cannot be answered.
    Refused {
        /// The error, as in an answer of the HTTP API.
        error: ErrorBody,
    },
    /// The ids of the records to retry.
    Records(SqsBatchResponse),
}

impl PushFunction {
    /// Performs the queue's tasks, or explains the outcome of a message.
    pub async fn handle(&self, event: Event) -> Answer {
        match event {
            Event::Explain { explain: question } => {
                match explain(&self.store, self.policy, question, clock::now()).await {
                    Ok(explanation) => Answer::Explanation(explanation),
                    Err(error) => Answer::Refused { error: wire::error_body(&error) },
                }
            }
            Event::Records(event) => Answer::Records(self.perform_each(event).await),
        }
    }

    async fn perform_each(&self, event: SqsEvent) -> SqsBatchResponse {
        records::perform_each("push", event, &self.source, |received: Received<PushTask>| async move {
            Box::pin(perform(&self.context()?, &received.task)).await
        })
        .await
    }

    fn context(&self) -> Result<Context<'_, Store, SnsPush, SqsPushQueue>, Error> {
        Ok(Context {
            store: &self.store,
            push: &self.push,
            queue: &self.queue,
            preview: self.preview,
            retention: self.retention,
            writer: random::writer()?,
            sleeper: &RuntimeSleeper,
            now: clock::now(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_and_records_are_distinguished() {
        let question = r#"{"explain":{"conversation":"grp_x","seq":7}}"#;
        assert!(matches!(serde_json::from_str(question), Ok(Event::Explain { .. })));
        assert!(matches!(serde_json::from_str(r#"{"Records":[]}"#), Ok(Event::Records(_))));
    }
}
