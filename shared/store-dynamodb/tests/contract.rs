//! The stores in DynamoDB do what every adapter must do.
//!
//! The emulator is in the process; the SDK's clients, and all that they
//! serialise and sign, are those of production.

use std::future::Future;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use confab_embedded_aws::{DynamoDb, EmbeddedAws, signing_name};
use confab_store_dynamodb::{Store, Tables};

confab_contract::suite!(block_on = block_on, store = store().await);

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime for the test").block_on(future)
}

async fn store() -> Store {
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
    Store::new(client, tables)
}
