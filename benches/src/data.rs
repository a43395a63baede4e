//! The data directory of a runner that has stopped.

use std::path::Path;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use confab_embedded_aws::{DynamoDb, EmbeddedAws, signing_name};
use confab_store_dynamodb::{Store, Tables};

/// Prefix of the runner's table names.
const TABLE_PREFIX: &str = "confab-";

/// A store that writes into the directory.
pub(crate) fn store_in(data: &Path) -> anyhow::Result<Store> {
    let aws = EmbeddedAws::builder()
        .service(signing_name::DYNAMODB, DynamoDb::open(&data.join("dynamodb.sqlite"))?)
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("bench", "bench", None, None, "bench"))
            .http_client(aws.http_client())
            .build(),
    );
    Ok(Store::new(client, Tables::with_prefix(TABLE_PREFIX)))
}
