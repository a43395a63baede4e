//! Configuration of an event source: which queue feeds which function, and how.

use std::{fmt::Display, future::Future, time::Duration};

use aws_sdk_sqs::Client;
use bytes::Bytes;

use crate::poller;

/// An event source mapping: a queue, a function, and the terms between them.
///
/// Fields are named as in Lambda's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    pub queue_url: String,
    /// Also gives the region, which events carry.
    pub queue_arn: String,
    /// Name of the function, for the log.
    pub function: String,
    /// Most messages in one event, 1 to 10 000. More than ten arrive together only within a `maximum_batching_window`.
    ///
    /// Source: Lambda API Reference, `CreateEventSourceMapping`.
    pub batch_size: usize,
    /// Invocations that run side by side, at least one.
    pub maximum_concurrency: usize,
    /// Whether the answer names the messages that have failed.
    pub report_batch_item_failures: bool,
    /// Time to collect messages for one event, counted from its first message. With zero, an event has the messages of
    /// one receive.
    pub maximum_batching_window: Duration,
}

impl EventSource {
    /// Lambda's defaults, with five concurrent invocations, as at Lambda's start.
    ///
    /// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS" and "Configuring scaling behavior for SQS event
    /// source mappings".
    pub fn new(
        queue_url: impl Into<String>,
        queue_arn: impl Into<String>,
        function: impl Into<String>,
    ) -> Self {
        Self {
            queue_url: queue_url.into(),
            queue_arn: queue_arn.into(),
            function: function.into(),
            batch_size: 10,
            maximum_concurrency: 5,
            report_batch_item_failures: false,
            maximum_batching_window: Duration::ZERO,
        }
    }

    /// Feeds the function until `shutdown`, then waits for the invocations that are under way.
    ///
    /// `invoke` gets the JSON of an SQS event and returns that of the answer. If it succeeds, the messages are deleted,
    /// except those that the answer reports as failed. All others stay hidden until their visibility timeout has
    /// passed, and are received again; so are messages that were received, and not yet passed to the function, at
    /// `shutdown`.
    ///
    /// After failed polls the source waits, longer each time. It also does so after failed invocations, unless the
    /// answer reports failures. A panic in `invoke` is a failed invocation.
    ///
    /// Source: Lambda Developer Guide, "Handling errors for an SQS event source in Lambda".
    pub async fn run<I, F, E>(self, client: Client, invoke: I, shutdown: impl Future<Output = ()>)
    where
        I: Fn(Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Bytes, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        poller::run(self, client, invoke, shutdown).await;
    }
}
