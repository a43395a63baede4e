//! A list of constant length as a sliding window, in one conditional update.

use aws_sdk_dynamodb::{Client, types::AttributeValue};

use crate::{TABLE, b, client, get, key, n, put};

const WINDOW: u8 = 5;

async fn client_with_full_window() -> Client {
    let client = client().await;
    let mut item = key("head", 0);
    item.insert("ids".to_owned(), AttributeValue::L((0..WINDOW).map(|id| b(&[id])).collect()));
    item.insert("seqs".to_owned(), AttributeValue::L((0..WINDOW).map(n).collect()));
    put(&client, item).await;
    client
}

/// Appends to both lists and drops their oldest; returns whether the update was accepted.
async fn push(client: &Client, id: &[u8], seq: u64) -> bool {
    let request = client.update_item().table_name(TABLE).set_key(Some(key("head", 0)));
    let request = request
        .update_expression("SET #l[9999] = :x, #n[9999] = :seq REMOVE #l[0], #n[0]")
        .condition_expression("NOT contains(#l, :x)")
        .expression_attribute_names("#l", "ids")
        .expression_attribute_names("#n", "seqs")
        .expression_attribute_values(":x", b(id))
        .expression_attribute_values(":seq", n(seq));
    match request.send().await {
        Ok(_) => true,
        Err(error) => {
            assert!(error.into_service_error().is_conditional_check_failed_exception());
            false
        }
    }
}

async fn check(client: &Client, ids: &[u8], seqs: &[u64]) {
    let item = get(client, "head", 0).await.unwrap();
    assert_eq!(item["ids"], AttributeValue::L(ids.iter().map(|id| b(&[*id])).collect()));
    assert_eq!(item["seqs"], AttributeValue::L(seqs.iter().map(n).collect()));
}

#[tokio::test]
async fn a_window_keeps_its_length_drops_the_oldest_and_appends_the_newest() {
    let client = client_with_full_window().await;

    assert!(push(&client, &[5], 5).await);
    check(&client, &[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5]).await;

    for id in 6..=20 {
        assert!(push(&client, &[id], id.into()).await);
    }
    check(&client, &[16, 17, 18, 19, 20], &[16, 17, 18, 19, 20]).await;
}

#[tokio::test]
async fn a_value_within_the_window_is_refused_and_changes_nothing() {
    let client = client_with_full_window().await;
    for id in 0..WINDOW {
        assert!(!push(&client, &[id], 77).await);
    }
    check(&client, &[0, 1, 2, 3, 4], &[0, 1, 2, 3, 4]).await;
}

#[tokio::test]
async fn a_value_that_left_the_window_is_accepted_again() {
    let client = client_with_full_window().await;
    assert!(push(&client, &[5], 5).await);
    assert!(push(&client, &[0], 6).await);
    check(&client, &[2, 3, 4, 5, 0], &[2, 3, 4, 5, 6]).await;
}
