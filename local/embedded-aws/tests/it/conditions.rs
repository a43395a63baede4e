use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;

use crate::{TABLE, client, get, item, put};

#[tokio::test]
async fn a_failed_conditional_put_returns_the_item_that_is_there() {
    let client = client().await;
    put(&client, item("a", 1, "first")).await;

    let request = client.put_item().table_name(TABLE).set_item(Some(item("a", 1, "second")));
    let request = request.condition_expression("attribute_not_exists(pk)");
    let error = request.return_values_on_condition_check_failure(AllOld).send().await.unwrap_err();

    let error = error.into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failure) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(failure.item(), Some(&item("a", 1, "first")));
    assert_eq!(get(&client, "a", 1).await, Some(item("a", 1, "first")));
}

#[tokio::test]
async fn of_concurrent_conditional_puts_exactly_one_wins() {
    let client = client().await;
    let puts = (0..16).map(|task| {
        let request = client.put_item().table_name(TABLE).set_item(Some(item("a", 1, &task.to_string())));
        tokio::spawn(request.condition_expression("attribute_not_exists(pk)").send())
    });
    let mut won = 0;
    for put in puts.collect::<Vec<_>>() {
        won += usize::from(put.await.unwrap().is_ok());
    }
    assert_eq!(won, 1);
}
