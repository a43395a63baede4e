//! Tests of queues, through an SDK client.

mod attributes;
mod batches;
mod dead_letters;
mod durability;
mod messages;
mod polls;
mod queues;
mod visibility;

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
    types::{Message, QueueAttributeName},
};
use confab_embedded_aws::{EmbeddedAws, Sqs, signing_name};

/// Start time of every test: a moment in 2027.
const EPOCH_MS: u64 = 1_800_000_000_000;

fn client() -> Client {
    client_of(Sqs::in_memory(EPOCH_MS))
}

fn client_of(sqs: Sqs) -> Client {
    let aws = EmbeddedAws::builder().service(signing_name::SQS, sqs).build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"));
    Client::from_conf(config.http_client(aws.http_client()).build())
}

/// A queue with AWS's defaults, and a client.
async fn queue() -> (Client, String) {
    let client = client();
    let url = create(&client, "things", &[]).await;
    (client, url)
}

async fn create(client: &Client, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
    let mut request = client.create_queue().queue_name(name);
    for (attribute, value) in attributes {
        request = request.attributes(attribute.clone(), *value);
    }
    request.send().await.unwrap().queue_url.unwrap()
}

async fn send(client: &Client, url: &str, body: &str) {
    client.send_message().queue_url(url).message_body(body).send().await.unwrap();
}

/// Returns the messages of a short poll for ten.
async fn receive(client: &Client, url: &str) -> Vec<Message> {
    let request = client.receive_message().queue_url(url).max_number_of_messages(10);
    request.send().await.unwrap().messages.unwrap_or_default()
}

async fn receive_bodies(client: &Client, url: &str) -> Vec<String> {
    bodies(&receive(client, url).await)
}

fn bodies(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.body().unwrap().to_owned()).collect()
}

async fn delete(client: &Client, url: &str, message: &Message) {
    let request = client.delete_message().queue_url(url);
    request.set_receipt_handle(message.receipt_handle.clone()).send().await.unwrap();
}

async fn attribute(client: &Client, url: &str, name: QueueAttributeName) -> String {
    let request = client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    request.send().await.unwrap().attributes.unwrap_or_default()[&name].clone()
}

/// Numbers of messages: visible, in flight, delayed.
async fn counts(client: &Client, url: &str) -> [String; 3] {
    [
        attribute(client, url, QueueAttributeName::ApproximateNumberOfMessages).await,
        attribute(client, url, QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await,
        attribute(client, url, QueueAttributeName::ApproximateNumberOfMessagesDelayed).await,
    ]
}

/// Code and message of an SDK error.
macro_rules! refusal {
    ($result:expr) => {{
        let error = $result.unwrap_err().into_service_error();
        let meta = aws_sdk_sqs::error::ProvideErrorMetadata::meta(&error);
        (meta.code().unwrap().to_owned(), meta.message().unwrap().to_owned())
    }};
}
use refusal;
