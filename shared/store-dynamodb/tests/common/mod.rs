//! Tables in an emulator inside the process; the SDK's clients are those of production.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use confab_embedded_aws::{DynamoDb, EmbeddedAws, signing_name};
use confab_store_dynamodb::Tables;

/// Returns a client, and the names of its empty tables.
pub(crate) async fn empty_tables() -> (Client, Tables) {
    let dynamodb = DynamoDb::in_memory().expect("a database in memory");
    let aws = EmbeddedAws::builder().service(signing_name::DYNAMODB, dynamodb).build();
    let client = Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(aws.http_client())
            .build(),
    );
    let tables = Tables::with_prefix("test-");
    tables.create_missing(&client).await.expect("tables");
    (client, tables)
}
