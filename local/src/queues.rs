//! The queues, and the event sources that feed the functions from them.

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use confab_event_source::EventSource;
use confab_local_gateway::Functions;

use crate::queue_settings::{FAN_OUT, PRESENCE, PUSH, QueueSettings};

/// Invocations of one function that run side by side.
const CONCURRENCY: usize = 8;

/// Every queue that feeds a function.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    /// Announcements of entries.
    pub(crate) fan_out: Queue,
    /// Lease checks and other presence tasks.
    pub(crate) presence: Queue,
    /// Pushes.
    pub(crate) push: Queue,
}

impl Queues {
    /// Creates the queues that do not exist.
    pub(crate) async fn open(client: &Client) -> anyhow::Result<Self> {
        Ok(Self {
            fan_out: Queue::open(client, FAN_OUT).await?,
            presence: Queue::open(client, PRESENCE).await?,
            push: Queue::open(client, PUSH).await?,
        })
    }

    /// Feeds the functions until `shutdown`.
    pub(crate) async fn feed(
        self,
        client: Client,
        functions: Arc<impl Functions>,
        shutdown: impl Future<Output = ()>,
    ) {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let feed = |queue: Queue| {
            let mut stopped = stopped.clone();
            let ended = async move {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            queue.feed(client.clone(), Arc::clone(&functions), ended)
        };
        let shutdown = async {
            shutdown.await;
            let _ = stop.send(true);
        };
        tokio::join!(feed(self.fan_out), feed(self.presence), feed(self.push), shutdown);
    }
}

/// A queue with its dead-letter queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    settings: QueueSettings,
    pub(crate) url: String,
    arn: String,
    pub(crate) dead_letter_url: String,
}

impl Queue {
    /// Opens a queue and its dead-letter queue.
    async fn open(client: &Client, settings: QueueSettings) -> anyhow::Result<Self> {
        let function = settings.function;
        let retention = settings.dead_letter_retention_seconds.to_string();
        let retention = (QueueAttributeName::MessageRetentionPeriod, retention);
        let dead_letters = format!("confab-{function}-dead-letters");
        let dead_letter_url = open(client, &dead_letters, vec![retention]).await?;
        let dead_letter_arn = arn_of(client, &dead_letter_url).await?;
        let receives_max = settings.receives_max;
        let redrive =
            format!(r#"{{"deadLetterTargetArn":"{dead_letter_arn}","maxReceiveCount":{receives_max}}}"#);
        let attributes = vec![
            (QueueAttributeName::VisibilityTimeout, settings.visibility_timeout_seconds.to_string()),
            (QueueAttributeName::MessageRetentionPeriod, settings.retention_seconds.to_string()),
            (QueueAttributeName::RedrivePolicy, redrive),
        ];
        let url = open(client, &format!("confab-{function}"), attributes).await?;
        let arn = arn_of(client, &url).await?;
        Ok(Self { settings, url, arn, dead_letter_url })
    }

    async fn feed(self, client: Client, functions: Arc<impl Functions>, shutdown: impl Future<Output = ()>) {
        let function = self.settings.function;
        let source = EventSource {
            batch_size: self.settings.batch_size,
            maximum_concurrency: CONCURRENCY,
            report_batch_item_failures: true,
            ..EventSource::new(self.url, self.arn, function)
        };
        let invoke = move |event| {
            let functions = Arc::clone(&functions);
            async move { functions.invoke(function, event).await }
        };
        source.run(client, invoke, shutdown).await;
    }
}

/// Opens a queue and sets these attributes, also if an earlier version has created it with others.
async fn open(
    client: &Client,
    name: &str,
    attributes: Vec<(QueueAttributeName, String)>,
) -> anyhow::Result<String> {
    let cannot = || format!("cannot make the queue {name}");
    // Created without attributes, which would have to be those of an existing queue.
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
