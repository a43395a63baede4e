use crate::{TABLE, client, get, item_of_size, put};

/// Largest item: names and values. Unit: bytes, inclusive.
///
/// Source: DynamoDB Developer Guide, "Service, account, and table quotas".
const ITEM_BYTES_MAX: usize = 400 * 1024;

#[tokio::test]
async fn an_item_of_400_kb_is_accepted_and_one_byte_more_is_refused() {
    let client = client().await;
    put(&client, item_of_size("a", 1, ITEM_BYTES_MAX)).await;
    assert!(get(&client, "a", 1).await.is_some());

    let larger = item_of_size("a", 2, ITEM_BYTES_MAX + 1);
    let error = client.put_item().table_name(TABLE).set_item(Some(larger)).send().await.unwrap_err();
    let error = error.into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationException"));
    assert_eq!(error.meta().message(), Some("Item size has exceeded the maximum allowed size"));
}
