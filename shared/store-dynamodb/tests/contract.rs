//! The contract of the stores, for DynamoDB.
//!
//! The emulator is inside the process. The SDK's clients, and all that they serialise and sign, are those of
//! production.

mod common;

use std::future::Future;

use common::empty_tables;
use confab_store_dynamodb::Store;

confab_contract::suite!(block_on = block_on, store = store().await);

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime for the test").block_on(future)
}

async fn store() -> Store {
    let (client, tables) = empty_tables().await;
    Store::new(client, tables)
}
