//! Measures the time from `SendMessage` to the function, and the messages per second. Run it with `cargo run --release
//! -p confab-event-source --example handover`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement, read by people"
)]

use std::{
    fs,
    time::{Duration, Instant},
};

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};
use bytes::Bytes;
use confab_embedded_aws::{EmbeddedAws, Sqs, signing_name};
use confab_event_source::EventSource;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const IDLE_MESSAGES: usize = 2000;
const MESSAGES: usize = 20_000;
const SENDERS: usize = 8;
const MESSAGE_BYTES: usize = 1000;

/// An arbitrary start time.
const EPOCH_MS: u64 = 1_800_000_000_000;

/// Arrival times of events, and the number of messages in each.
type Arrivals = UnboundedReceiver<(Instant, usize)>;

/// Creates a queue with a source that feeds a function without effect.
async fn start(sqs: Sqs) -> (Client, String, Arrivals) {
    let aws = EmbeddedAws::builder().service(signing_name::SQS, sqs).build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"));
    let client = Client::from_conf(config.http_client(aws.http_client()).build());
    let url = client.create_queue().queue_name("handover").send().await.unwrap().queue_url.unwrap();
    let (sender, arrivals) = unbounded_channel();
    let source = EventSource::new(&url, "arn:aws:sqs:eu-central-1:000000000000:handover", "nothing");
    let invoke = move |event: Bytes| {
        let arrived = Instant::now();
        let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
        sender.send((arrived, event["Records"].as_array().unwrap().len())).unwrap();
        async { Ok::<_, String>(Bytes::new()) }
    };
    tokio::spawn(source.run(client.clone(), invoke, std::future::pending()));
    (client, url, arrivals)
}

async fn send(client: &Client, url: &str) {
    client.send_message().queue_url(url).message_body("x".repeat(MESSAGE_BYTES)).send().await.unwrap();
}

async fn measure(name: &str, sqs: Sqs) {
    let (client, url, mut arrivals) = start(sqs).await;
    let (mut handovers, mut sends) = (Vec::new(), Vec::new());
    for _ in 0..IDLE_MESSAGES {
        let started = Instant::now();
        send(&client, &url).await;
        sends.push(started.elapsed());
        handovers.push(arrivals.recv().await.unwrap().0 - started);
        // The queue is idle between messages, as with messages that people write.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for (what, mut times) in [("send to function", handovers), ("send to answer", sends)] {
        times.sort_unstable();
        let at = |percent: usize| times[times.len() * percent / 100].as_micros();
        println!("{name:6} {what:16} p50 {:5} us  p99 {:5} us", at(50), at(99));
    }

    let started = Instant::now();
    for _ in 0..SENDERS {
        let (client, url) = (client.clone(), url.clone());
        tokio::spawn(async move {
            for _ in 0..MESSAGES / SENDERS {
                send(&client, &url).await;
            }
        });
    }
    let (mut count, mut events) = (0, 0);
    while count < MESSAGES {
        count += arrivals.recv().await.unwrap().1;
        events += 1;
    }
    let per_second = MESSAGES as f64 / started.elapsed().as_secs_f64();
    println!("{name:6} {SENDERS} senders {per_second:7.0}/s in {events} events");
}

#[tokio::main]
async fn main() {
    let folder = std::env::temp_dir().join(format!("confab-handover-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    measure("memory", Sqs::in_memory(EPOCH_MS)).await;
    measure("file", Sqs::open(&folder.join("sqs.sqlite"), EPOCH_MS).unwrap()).await;
    fs::remove_dir_all(&folder).unwrap();
}
