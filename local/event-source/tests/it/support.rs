use std::{
    collections::BTreeMap,
    future::{Future, pending},
    sync::Arc,
};

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
    types::QueueAttributeName,
};
use bytes::Bytes;
use confab_embedded_aws::{EmbeddedAws, Sqs, signing_name};
use confab_event_source::EventSource;
use serde_json::Value;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::Instant,
};

/// Start time of every test: a moment in 2027.
pub(crate) const EPOCH_MS: u64 = 1_800_000_000_000;

pub(crate) const ARN: &str = "arn:aws:sqs:eu-central-1:000000000000:things";
pub(crate) const URL: &str = "http://sqs.invalid/000000000000/things";

/// Time for which a message in flight is hidden. Unit: seconds.
pub(crate) const VISIBILITY_SECONDS: u64 = 30;

pub(crate) fn client() -> Client {
    let aws = EmbeddedAws::builder().service(signing_name::SQS, Sqs::in_memory(EPOCH_MS)).build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"));
    Client::from_conf(config.http_client(aws.http_client()).build())
}

/// Returns a client, with an empty queue.
pub(crate) async fn queue() -> Client {
    let client = client();
    create(&client, "things").await;
    client
}

pub(crate) async fn create(client: &Client, name: &str) {
    client.create_queue().queue_name(name).send().await.unwrap();
}

pub(crate) async fn send(client: &Client, body: &str) {
    client.send_message().queue_url(URL).message_body(body).send().await.unwrap();
}

pub(crate) async fn send_all(client: &Client, bodies: impl IntoIterator<Item = u32>) {
    for body in bodies {
        send(client, &body.to_string()).await;
    }
}

/// Number of messages in the queue, in all states.
pub(crate) async fn count(client: &Client) -> u64 {
    let request = client.get_queue_attributes().queue_url(URL).attribute_names(QueueAttributeName::All);
    let attributes = request.send().await.unwrap().attributes.unwrap();
    let counts = attributes.iter().filter(|(name, _)| name.as_str().starts_with("ApproximateNumber"));
    counts.map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

pub(crate) fn source() -> EventSource {
    EventSource::new(URL, ARN, "function")
}

/// One event at the function.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) at: Instant,
    pub(crate) event: Value,
}

impl Invocation {
    pub(crate) fn records(&self) -> &[Value] {
        self.event["Records"].as_array().unwrap()
    }

    pub(crate) fn bodies(&self) -> Vec<&str> {
        self.records().iter().map(|record| record["body"].as_str().unwrap()).collect()
    }

    /// Message ids by body.
    pub(crate) fn ids(&self) -> BTreeMap<&str, &str> {
        let records = self.records().iter();
        records
            .map(|record| (record["body"].as_str().unwrap(), record["messageId"].as_str().unwrap()))
            .collect()
    }
}

pub(crate) type Answer = Result<String, String>;

/// The function's side of an event source that runs until the test ends.
pub(crate) struct Function {
    invocations: UnboundedReceiver<Invocation>,
    pub(crate) source: JoinHandle<()>,
}

impl Function {
    /// Runs the source with a function that answers by `answer`.
    pub(crate) fn start<F>(
        source: EventSource,
        client: &Client,
        shutdown: impl Future<Output = ()> + Send + 'static,
        answer: impl Fn(Invocation) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let (sender, invocations): (UnboundedSender<Invocation>, _) = unbounded_channel();
        let answer = Arc::new(answer);
        let invoke = move |event: Bytes| {
            let invocation =
                Invocation { at: Instant::now(), event: serde_json::from_slice(&event).unwrap() };
            // A test that has ended its checks drops the receiver.
            let _ = sender.send(invocation.clone());
            let answer = answer(invocation);
            async move { answer.await.map(Bytes::from) }
        };
        let source = tokio::spawn(source.run(client.clone(), invoke, shutdown));
        Self { invocations, source }
    }

    /// As [`start`](Self::start), with an answer that needs no waiting.
    pub(crate) fn answering(
        source: EventSource,
        client: &Client,
        answer: impl Fn(&Invocation) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(source, client, pending(), move |invocation| std::future::ready(answer(&invocation)))
    }

    /// Waits for the next event, without a limit.
    pub(crate) async fn next(&mut self) -> Invocation {
        self.invocations.recv().await.unwrap()
    }

    /// Returns the events that arrived and that no `next` has returned.
    pub(crate) fn so_far(&mut self) -> Vec<Invocation> {
        std::iter::from_fn(|| self.invocations.try_recv().ok()).collect()
    }
}

pub(crate) fn done(_: &Invocation) -> Answer {
    Ok("null".to_owned())
}

pub(crate) fn fail(_: &Invocation) -> Answer {
    Err("out of order".to_owned())
}
