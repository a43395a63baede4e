//! The loop that receives messages, invokes the function, and deletes finished messages.

use std::{fmt::Display, future::Future, pin::pin, sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    error::DisplayErrorContext,
    types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName},
};
use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::Instant,
};

use crate::{EventSource, answer, backoff::Backoff, event};

/// Most entries of one request to SQS. Source: Amazon SQS API Reference, `ReceiveMessage` and `DeleteMessageBatch`.
const ENTRIES_MAX: usize = 10;

/// Time that one poll waits for messages. Source: Amazon SQS API Reference, `ReceiveMessage`.
const POLL_WAIT: Duration = Duration::from_secs(20);

/// Largest event. Unit: bytes of message bodies, inclusive.
///
/// Source: Lambda Developer Guide, "Lambda quotas", invocation payload.
const EVENT_BYTES_MAX: usize = 6 * 1024 * 1024;

/// State that the loop and the invocations share.
struct Shared<I> {
    source: EventSource,
    client: Client,
    invoke: I,
    invocation_backoff: Backoff,
}

pub(crate) async fn run<I, F, E>(
    source: EventSource,
    client: Client,
    invoke: I,
    shutdown: impl Future<Output = ()>,
) where
    I: Fn(Bytes) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Bytes, E>> + Send + 'static,
    E: Display + Send + 'static,
{
    let concurrency = source.maximum_concurrency.clamp(1, Semaphore::MAX_PERMITS);
    let permits = Arc::new(Semaphore::new(concurrency));
    let shared = Arc::new(Shared { source, client, invoke, invocation_backoff: Backoff::default() });
    let poll_backoff = Backoff::default();
    let mut invocations = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (permit, batch) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            next = next(&shared, &permits, &poll_backoff) => next,
        };
        while let Some(ended) = invocations.try_join_next() {
            shared.note_panic(ended);
        }
        if let Some(permit) = permit
            && !batch.is_empty()
        {
            let shared = Arc::clone(&shared);
            invocations.spawn(async move { shared.hand_over(batch, permit).await });
        }
    }
    while let Some(ended) = invocations.join_next().await {
        shared.note_panic(ended);
    }
}

/// Waits until an invocation may start, then for messages.
async fn next<I>(
    shared: &Shared<I>,
    permits: &Arc<Semaphore>,
    poll_backoff: &Backoff,
) -> (Option<OwnedSemaphorePermit>, Vec<Message>) {
    // `None` only if the semaphore were closed; no code closes it.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    shared.invocation_backoff.pause().await;
    poll_backoff.pause().await;
    match shared.collect().await {
        Ok(batch) => {
            poll_backoff.succeeded();
            (permit, batch)
        }
        Err(error) => {
            tracing::warn!(function = shared.source.function, error, "cannot receive messages");
            poll_backoff.failed();
            (permit, Vec::new())
        }
    }
}

impl<I> Shared<I> {
    /// Returns the messages of one event; none if none came.
    async fn collect(&self) -> Result<Vec<Message>, String> {
        let mut batch = self.receive(self.source.batch_size, POLL_WAIT).await?;
        let deadline = Instant::now() + self.source.maximum_batching_window;
        let bytes = |batch: &[Message]| batch.iter().filter_map(|message| message.body()).map(str::len).sum();
        while !batch.is_empty() && batch.len() < self.source.batch_size {
            let remaining = deadline.saturating_duration_since(Instant::now());
            // The receive is not cancelled at the deadline: that could lose messages that were just received.
            let wait = Duration::from_secs(remaining.as_secs()).min(POLL_WAIT);
            let size: usize = bytes(&batch);
            if wait.is_zero() || size >= EVENT_BYTES_MAX {
                break;
            }
            // A failed poll must not lose the messages that were received so far.
            match self.receive(self.source.batch_size - batch.len(), wait).await {
                Ok(more) => batch.extend(more),
                Err(_) => break,
            }
        }
        Ok(batch)
    }

    async fn receive(&self, count: usize, wait: Duration) -> Result<Vec<Message>, String> {
        let request = self.client.receive_message().queue_url(&self.source.queue_url);
        let request = request
            .max_number_of_messages(i32::try_from(count.clamp(1, ENTRIES_MAX)).unwrap_or(1))
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(0))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        let answer = request.send().await.map_err(|error| DisplayErrorContext(error).to_string())?;
        Ok(answer.messages.unwrap_or_default())
    }

    async fn hand_over<F, E>(&self, batch: Vec<Message>, permit: OwnedSemaphorePermit)
    where
        I: Fn(Bytes) -> F,
        F: Future<Output = Result<Bytes, E>>,
        E: Display,
    {
        let result = match event::json(&batch, &self.source.queue_arn) {
            Ok(event) => (self.invoke)(event).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let done = result.and_then(|answer| match self.source.report_batch_item_failures {
            true => answer::done(&answer, batch).map_err(|error| error.to_string()),
            false => Ok(batch),
        });
        match &done {
            Ok(_) => self.invocation_backoff.succeeded(),
            Err(error) => {
                tracing::warn!(
                    function = self.source.function,
                    error,
                    "messages stay in the queue for a retry"
                );
                self.note_failure();
            }
        }
        // The next invocation need not wait for the deletion.
        drop(permit);
        self.delete(&done.unwrap_or_default()).await;
    }

    /// Counts a failure, unless the function reports failures: such a function is expected to have some.
    fn note_failure(&self) {
        if !self.source.report_batch_item_failures {
            self.invocation_backoff.failed();
        }
    }

    fn note_panic(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended {
            tracing::error!(function = self.source.function, %error, "the function panicked");
            self.note_failure();
        }
    }

    /// Deletes messages. Messages that cannot be deleted are received again, as on AWS.
    async fn delete(&self, messages: &[Message]) {
        for chunk in messages.chunks(ENTRIES_MAX) {
            let entries = chunk.iter().enumerate().filter_map(|(index, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.set_receipt_handle(message.receipt_handle.clone()).build().ok()
            });
            let request = self.client.delete_message_batch().queue_url(&self.source.queue_url);
            let result = request.set_entries(Some(entries.collect())).send().await;
            let failed_count = result.as_ref().map_or(chunk.len(), |answer| answer.failed.len());
            if failed_count > 0 {
                let error = result.err().map(|error| DisplayErrorContext(error).to_string());
                tracing::warn!(
                    function = self.source.function,
                    failed_count,
                    error,
                    "messages will be received again"
                );
            }
        }
    }
}
