use aws_sdk_dynamodb::types::{ConditionCheck, KeysAndAttributes, Put, TransactWriteItem};

use crate::{TABLE, client, get, item, key, put};

fn put_action(item: crate::Item) -> TransactWriteItem {
    TransactWriteItem::builder()
        .put(Put::builder().table_name(TABLE).set_item(Some(item)).build().unwrap())
        .build()
}

#[tokio::test]
async fn a_batch_get_returns_the_items_that_exist() {
    let client = client().await;
    put(&client, item("a", 1, "one")).await;
    put(&client, item("b", 2, "two")).await;

    let keys = [key("a", 1), key("b", 2), key("c", 3)];
    let keys =
        KeysAndAttributes::builder().set_keys(Some(keys.into())).consistent_read(true).build().unwrap();
    let answer = client.batch_get_item().request_items(TABLE, keys).send().await.unwrap();

    let found = &answer.responses.unwrap()[TABLE];
    assert_eq!(found.len(), 2);
    assert!(found.contains(&item("a", 1, "one")) && found.contains(&item("b", 2, "two")));
    assert_eq!(answer.unprocessed_keys.unwrap_or_default().len(), 0);
}

#[tokio::test]
async fn a_transaction_writes_all_its_items() {
    let client = client().await;
    let request = client.transact_write_items().transact_items(put_action(item("a", 1, "one")));
    request.transact_items(put_action(item("b", 2, "two"))).send().await.unwrap();

    assert!(get(&client, "a", 1).await.is_some());
    assert!(get(&client, "b", 2).await.is_some());
}

#[tokio::test]
async fn a_transaction_with_a_failed_check_writes_nothing_and_names_the_item() {
    let client = client().await;
    let check = ConditionCheck::builder().table_name(TABLE).set_key(Some(key("absent", 0)));
    let check = check.condition_expression("attribute_exists(pk)").build().unwrap();

    let request = client.transact_write_items().transact_items(put_action(item("a", 1, "one")));
    let request = request.transact_items(TransactWriteItem::builder().condition_check(check).build());
    let error = request.send().await.unwrap_err().into_service_error();

    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}");
    };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(get(&client, "a", 1).await, None);
}
