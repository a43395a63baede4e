//! Reads of many items in one request.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::KeysAndAttributesBuilder;
use confab_app::ports::StoreError;

use crate::error::store_error;
use crate::item::Item;
use crate::pauses::Attempts;

/// Most keys in one BatchGetItem.
///
/// Source: Amazon DynamoDB API reference, "BatchGetItem".
pub(crate) const KEYS_MAX: usize = 100;

/// Most rounds in which DynamoDB may leave some keys of a batch for later.
const ATTEMPTS_MAX: u32 = 8;

/// Returns the items with up to [`KEYS_MAX`] keys, in no particular order. Items that do not exist are left out.
///
/// # Errors
///
/// [`StoreError`], also if DynamoDB leaves keys for later in every round.
pub(crate) async fn get(
    client: &Client,
    table: &str,
    keys: KeysAndAttributesBuilder,
) -> Result<Vec<Item>, StoreError> {
    let mut wanted = keys.build().map_err(|error| StoreError::Rejected(error.into()))?;
    let (mut found, mut attempts) = (Vec::new(), Attempts::waiting(ATTEMPTS_MAX));
    while attempts.next().await {
        if wanted.keys().is_empty() {
            return Ok(found);
        }
        let output =
            client.batch_get_item().request_items(table, wanted).send().await.map_err(store_error)?;
        found.extend(output.responses.into_iter().flatten().flat_map(|(_, items)| items));
        match output.unprocessed_keys.and_then(|mut left| left.remove(table)) {
            None => return Ok(found),
            Some(left) => wanted = left,
        }
    }
    Err(StoreError::Unavailable("DynamoDB did not read all keys of a batch".into()))
}
