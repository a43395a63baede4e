//! Tests of mobile push, through an SDK client.

mod applications;
mod audit;
mod durability;
mod endpoints;
mod messages;
mod protocol;
mod targets;

use std::collections::HashMap;

use aws_sdk_sns::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};
use confab_embedded_aws::{EmbeddedAws, Sns, signing_name};

/// Start time of every test: a moment in 2027.
const EPOCH_MS: u64 = 1_800_000_000_000;

/// Application of most tests.
const APPLICATION: &str = "arn:aws:sns:eu-central-1:000000000000:app/GCM/things";

fn start() -> (Client, Sns) {
    let sns = Sns::in_memory(EPOCH_MS).unwrap();
    (client_of(&sns), sns)
}

fn client_of(sns: &Sns) -> Client {
    client_over(&EmbeddedAws::builder().service(signing_name::SNS, sns.clone()).build())
}

fn client_over(aws: &EmbeddedAws) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"));
    Client::from_conf(config.http_client(aws.http_client()).build())
}

async fn create_application(client: &Client, platform: &str, name: &str) -> String {
    let request = client.create_platform_application().platform(platform).name(name);
    let request = request.attributes("PlatformCredential", "secret");
    request.send().await.unwrap().platform_application_arn.unwrap()
}

/// Creates the application of most tests, and an endpoint of it.
async fn endpoint(client: &Client) -> String {
    assert_eq!(create_application(client, "GCM", "things").await, APPLICATION);
    create(client, APPLICATION, "token").await
}

async fn create(client: &Client, application: &str, token: &str) -> String {
    let request = client.create_platform_endpoint().platform_application_arn(application).token(token);
    request.send().await.unwrap().endpoint_arn.unwrap()
}

async fn set(client: &Client, endpoint: &str, name: &str, value: &str) {
    let request = client.set_endpoint_attributes().endpoint_arn(endpoint);
    request.attributes(name, value).send().await.unwrap();
}

async fn attributes(client: &Client, endpoint: &str) -> HashMap<String, String> {
    let request = client.get_endpoint_attributes().endpoint_arn(endpoint);
    request.send().await.unwrap().attributes.unwrap()
}

async fn publish(client: &Client, endpoint: &str, message: &str) {
    client.publish().target_arn(endpoint).message(message).send().await.unwrap();
}

/// Messages published so far.
fn messages(sns: &Sns) -> Vec<String> {
    sns.published().unwrap().into_iter().map(|published| published.message).collect()
}

/// Code and message of an SDK error.
macro_rules! refusal {
    ($result:expr) => {{
        let error = $result.unwrap_err().into_service_error();
        let meta = aws_sdk_sns::error::ProvideErrorMetadata::meta(&error);
        (meta.code().unwrap().to_owned(), meta.message().unwrap().to_owned())
    }};
}
use refusal;
