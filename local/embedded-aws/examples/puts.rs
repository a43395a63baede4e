//! Compares ways to execute requests: puts per second and latency through the SDK. Run it with `cargo run --release -p
//! confab-embedded-aws --example puts`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement, read by people"
)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use bytes::Bytes;
use confab_embedded_aws::{
    DynamoDb, EmbeddedAws, Service, ServiceFuture, ServiceRequest, ServiceResponse, signing_name,
};
use dynoxide::Database;

const TABLE: &str = "puts";
const PUTS_PER_RUN: usize = 8000;
const RUNS: usize = 3;

/// The alternative to a thread that owns the file: a blocking task per call.
struct SpawnBlocking(Database);

impl Service for SpawnBlocking {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let database = self.0.clone();
        let put = move || {
            let request = serde_json::from_slice(request.body()).unwrap();
            serde_json::to_vec(&database.put_item(request).unwrap()).unwrap()
        };
        Box::pin(
            async move { ServiceResponse::new(Bytes::from(tokio::task::spawn_blocking(put).await.unwrap())) },
        )
    }
}

fn client(service: impl Service) -> Client {
    let aws = EmbeddedAws::builder().service(signing_name::DYNAMODB, service).build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"));
    Client::from_conf(config.http_client(aws.http_client()).build())
}

async fn create_table(client: &Client) {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder().attribute_name("pk");
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let request = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    request.key_schema(key).attribute_definitions(attribute).send().await.unwrap();
}

async fn puts(client: Client, prefix: String, count: usize) -> Vec<Duration> {
    let mut latencies = Vec::with_capacity(count);
    for index in 0..count {
        let started = Instant::now();
        let request = client.put_item().table_name(TABLE);
        let request = request.item("pk", AttributeValue::S(format!("{prefix}-{index}")));
        let request = request.item("body", AttributeValue::S("x".repeat(380)));
        request.condition_expression("attribute_not_exists(pk)").send().await.unwrap();
        latencies.push(started.elapsed());
    }
    latencies
}

async fn measure(name: &str, client: &Client) {
    for task_count in [1, 8, 32] {
        let mut runs = Vec::new();
        for run in 0..RUNS {
            let started = Instant::now();
            let tasks = (0..task_count).map(|task| {
                let prefix = format!("{task_count}-{run}-{task}");
                tokio::spawn(puts(client.clone(), prefix, PUTS_PER_RUN / task_count))
            });
            let mut latencies = Vec::new();
            for task in tasks.collect::<Vec<_>>() {
                latencies.extend(task.await.unwrap());
            }
            let seconds = started.elapsed().as_secs_f64();
            latencies.sort_unstable();
            let at = |percent: usize| latencies[latencies.len() * percent / 100].as_micros();
            runs.push((latencies.len() as f64 / seconds, at(50), at(99)));
        }
        runs.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (per_second, p50, p99) = runs[RUNS / 2];
        println!("{name:15} {task_count:3} tasks {per_second:7.0}/s  p50 {p50:5} us  p99 {p99:6} us");
    }
}

async fn fresh_file(folder: &Path, name: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    create_table(&client(DynamoDb::open(&path).unwrap())).await;
    path
}

#[tokio::main]
async fn main() {
    let folder = std::env::temp_dir().join(format!("confab-puts-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();

    let memory = client(DynamoDb::in_memory().unwrap());
    create_table(&memory).await;
    measure("memory", &memory).await;

    let path = fresh_file(&folder, "owner").await;
    measure("owner thread", &client(DynamoDb::open(&path).unwrap())).await;

    let path = fresh_file(&folder, "blocking").await;
    let database = Database::new(path.to_str().unwrap()).unwrap();
    database.enable_bulk_loading().unwrap();
    database.disable_bulk_loading().unwrap();
    measure("spawn_blocking", &client(SpawnBlocking(database))).await;

    fs::remove_dir_all(&folder).unwrap();
}
