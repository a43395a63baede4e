//! The queues, as `template.yaml` declares them, and the event sources that feed the functions from them.

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use confab_event_source::EventSource;
use confab_local_gateway::Functions;

/// Most messages of one invocation.
const BATCH_SIZE: usize = 10;

/// Invocations of one function that run side by side.
const CONCURRENCY: usize = 8;

/// Time for which a received message stays hidden, unless its function sets another. Unit: seconds; six times the
/// function's timeout.
const VISIBILITY_TIMEOUT_SECONDS: u32 = 90;

/// Longest time that a message waits. Unit: seconds.
const RETENTION_SECONDS: u32 = 86_400;

/// Longest time that a message waits in a dead-letter queue. Unit: seconds.
const DEAD_LETTER_RETENTION_SECONDS: u32 = 1_209_600;

/// Receives of a message before it is dead-lettered.
const RECEIVES_MAX: u32 = 12;

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
            fan_out: Queue::open(client, "fan-out").await?,
            presence: Queue::open(client, "presence").await?,
            push: Queue::open(client, "push").await?,
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
    function: &'static str,
    pub(crate) url: String,
    arn: String,
    pub(crate) dead_letter_url: String,
}

impl Queue {
    /// Opens the queue that feeds a function and has its name.
    async fn open(client: &Client, function: &'static str) -> anyhow::Result<Self> {
        let retention =
            (QueueAttributeName::MessageRetentionPeriod, DEAD_LETTER_RETENTION_SECONDS.to_string());
        let dead_letters = format!("confab-{function}-dead-letters");
        let dead_letter_url = open(client, &dead_letters, vec![retention]).await?;
        let dead_letter_arn = arn_of(client, &dead_letter_url).await?;
        let redrive =
            format!(r#"{{"deadLetterTargetArn":"{dead_letter_arn}","maxReceiveCount":{RECEIVES_MAX}}}"#);
        let attributes = vec![
            (QueueAttributeName::VisibilityTimeout, VISIBILITY_TIMEOUT_SECONDS.to_string()),
            (QueueAttributeName::MessageRetentionPeriod, RETENTION_SECONDS.to_string()),
            (QueueAttributeName::RedrivePolicy, redrive),
        ];
        let url = open(client, &format!("confab-{function}"), attributes).await?;
        let arn = arn_of(client, &url).await?;
        Ok(Self { function, url, arn, dead_letter_url })
    }

    async fn feed(self, client: Client, functions: Arc<impl Functions>, shutdown: impl Future<Output = ()>) {
        let function = self.function;
        let source = EventSource {
            batch_size: BATCH_SIZE,
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
