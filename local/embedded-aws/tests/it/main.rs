//! Tests of the transport, through an SDK client.

#![allow(clippy::unwrap_used, reason = "test harness")]

mod batches;
mod conditions;
mod durability;
mod expiry;
mod limits;
mod metering;
mod queries;
mod routing;
mod sns;
mod sqs;
mod windows;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
    primitives::Blob,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use confab_embedded_aws::{DynamoDb, EmbeddedAws, Meter, Service, signing_name};

/// Table of every test: `pk` a string, `sk` a number.
const TABLE: &str = "things";

type Item = HashMap<String, AttributeValue>;

/// A client over tables in memory.
async fn client() -> Client {
    let client = client_of(DynamoDb::in_memory().unwrap());
    create_table(&client).await;
    client
}

/// A client whose requests are charged to the meter, which starts at zero.
async fn metered_client() -> (Client, Meter) {
    let meter = Meter::default();
    let aws = EmbeddedAws::builder()
        .service(signing_name::DYNAMODB, DynamoDb::in_memory().unwrap())
        .meter(meter.clone())
        .build();
    let client = Client::from_conf(config(&aws));
    create_table(&client).await;
    meter.reset();
    (client, meter)
}

fn client_of(service: impl Service) -> Client {
    let aws = EmbeddedAws::builder().service(signing_name::DYNAMODB, service).build();
    Client::from_conf(config(&aws))
}

fn config(aws: &EmbeddedAws) -> Config {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws.http_client())
        .build()
}

async fn create_table(client: &Client) {
    let key = |name: &str, key_type| {
        KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().unwrap()
    };
    let attribute = |name: &str, attribute_type| {
        let builder = AttributeDefinition::builder().attribute_name(name);
        builder.attribute_type(attribute_type).build().unwrap()
    };
    let request = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    let request = request.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
    let request = request.attribute_definitions(attribute("pk", ScalarAttributeType::S));
    request.attribute_definitions(attribute("sk", ScalarAttributeType::N)).send().await.unwrap();
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn key(pk: &str, sk: u64) -> Item {
    HashMap::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), n(sk))])
}

fn item(pk: &str, sk: u64, body: &str) -> Item {
    let mut item = key(pk, sk);
    item.insert("body".to_owned(), s(body));
    item
}

/// An item that DynamoDB counts as `bytes` in all.
fn item_of_size(pk: &str, sk: u64, bytes: usize) -> Item {
    // Names and the string count their UTF-8 length, a one-digit number two.
    let overhead = "pk".len() + pk.len() + "sk".len() + 2 + "body".len();
    item(pk, sk, &"x".repeat(bytes - overhead))
}

async fn put(client: &Client, item: Item) {
    client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
}

async fn get(client: &Client, pk: &str, sk: u64) -> Option<Item> {
    let request = client.get_item().table_name(TABLE).set_key(Some(key(pk, sk))).consistent_read(true);
    request.send().await.unwrap().item
}
