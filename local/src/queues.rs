//! The queues, as `template.yaml` declares them, and what feeds the functions from them.

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use confab_event_source::EventSource;
use confab_local_gateway::Functions;

/// Messages that are handed to the function at once.
const BATCH_SIZE: usize = 10;

/// Invocations of the function at once.
const CONCURRENCY: usize = 8;

/// How long a message stays hidden after it was received. Unit: seconds; six times the function's timeout.
const VISIBILITY_TIMEOUT_SECONDS: u32 = 90;

/// How long a message waits at most. Unit: seconds.
const RETENTION_SECONDS: u32 = 86_400;

/// How long one waits in the dead-letter queue. Unit: seconds.
const DEAD_LETTER_RETENTION_SECONDS: u32 = 1_209_600;

/// Times that a message is received before it goes to the dead-letter queue.
const RECEIVES_MAX: u32 = 5;

/// The queue of announcements and its dead-letter queue.
#[derive(Clone, Debug)]
pub(crate) struct FanOutQueues {
    pub(crate) url: String,
    arn: String,
    pub(crate) dead_letter_url: String,
}

impl FanOutQueues {
    /// Makes them if they are not there.
    pub(crate) async fn open(client: &Client) -> anyhow::Result<Self> {
        let retention =
            (QueueAttributeName::MessageRetentionPeriod, DEAD_LETTER_RETENTION_SECONDS.to_string());
        let dead_letter_url = open(client, "confab-fan-out-dead-letters", vec![retention]).await?;
        let dead_letter_arn = arn_of(client, &dead_letter_url).await?;
        let redrive =
            format!(r#"{{"deadLetterTargetArn":"{dead_letter_arn}","maxReceiveCount":{RECEIVES_MAX}}}"#);
        let attributes = vec![
            (QueueAttributeName::VisibilityTimeout, VISIBILITY_TIMEOUT_SECONDS.to_string()),
            (QueueAttributeName::MessageRetentionPeriod, RETENTION_SECONDS.to_string()),
            (QueueAttributeName::RedrivePolicy, redrive),
        ];
        let url = open(client, "confab-fan-out", attributes).await?;
        let arn = arn_of(client, &url).await?;
        Ok(Self { url, arn, dead_letter_url })
    }

    /// Feeds `fan-out` until `shutdown`.
    pub(crate) async fn feed(
        self,
        client: Client,
        functions: Arc<impl Functions>,
        shutdown: impl Future<Output = ()>,
    ) {
        let source = EventSource {
            batch_size: BATCH_SIZE,
            maximum_concurrency: CONCURRENCY,
            report_batch_item_failures: true,
            ..EventSource::new(self.url, self.arn, "fan-out")
        };
        let invoke = move |event| {
            let functions = Arc::clone(&functions);
            async move { functions.invoke("fan-out", event).await }
        };
        source.run(client, invoke, shutdown).await;
    }
}

/// A queue with these attributes, also where an earlier version has made it with others.
async fn open(
    client: &Client,
    name: &str,
    attributes: Vec<(QueueAttributeName, String)>,
) -> anyhow::Result<String> {
    let cannot = || format!("cannot make the queue {name}");
    // Without attributes, which would have to be those of a queue that is there.
    let output = client.create_queue().queue_name(name).send().await.with_context(cannot)?;
    let url = output.queue_url.with_context(cannot)?;
    let attributes = Some(attributes.into_iter().collect());
    client.set_queue_attributes().queue_url(&url).set_attributes(attributes).send().await?;
    Ok(url)
}

async fn arn_of(client: &Client, url: &str) -> anyhow::Result<String> {
    let name = QueueAttributeName::QueueArn;
    let output = client.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await?;
    let arn = output.attributes.and_then(|mut attributes| attributes.remove(&name));
    arn.with_context(|| format!("the queue {url} has no ARN"))
}
