use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Change, DeleteMessageBatchRequestEntry as Delete,
    SendMessageBatchRequestEntry as Send,
};

use super::{counts, queue, receive, receive_bodies};

fn entry(id: &str, body: &str) -> Send {
    Send::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_ten_is_sent_and_deleted() {
    let (client, url) = queue().await;
    let entries = (0..10).map(|index| entry(&format!("id-{index}"), &index.to_string())).collect();
    let sent = client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.unwrap();
    assert_eq!((sent.successful.len(), sent.failed.len()), (10, 0));

    let messages = receive(&client, &url).await;
    assert_eq!(messages.len(), 10);
    let entries = messages.iter().enumerate().map(|(index, message)| {
        let builder = Delete::builder().id(index.to_string());
        builder.set_receipt_handle(message.receipt_handle.clone()).build().unwrap()
    });
    let request = client.delete_message_batch().queue_url(&url).set_entries(Some(entries.collect()));
    assert_eq!(request.send().await.unwrap().successful.len(), 10);
    assert_eq!(counts(&client, &url).await, ["0", "0", "0"]);
}

#[tokio::test(start_paused = true)]
async fn batches_against_the_rules_are_refused_as_a_whole() {
    let (client, url) = queue().await;
    let send = |entries: Vec<Send>| {
        let request = client.send_message_batch().queue_url(&url).set_entries(Some(entries));
        async { request.send().await.unwrap_err().into_service_error() }
    };
    assert!(send(vec![]).await.is_empty_batch_request());
    let eleven = (0..11).map(|index| entry(&index.to_string(), "body")).collect();
    assert!(send(eleven).await.is_too_many_entries_in_batch_request());
    assert!(send(vec![entry("a", "one"), entry("a", "two")]).await.is_batch_entry_ids_not_distinct());
    assert!(send(vec![entry("a b", "one")]).await.is_invalid_batch_entry_id());
    let half = "x".repeat(512 * 1024);
    let halves = vec![entry("a", &half), entry("b", &half), entry("c", "x")];
    assert!(send(halves).await.is_batch_request_too_long());
    assert_eq!(receive_bodies(&client, &url).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_refused_leaves_the_others_alone() {
    let (client, url) = queue().await;
    let late = Send::builder().id("late").message_body("late").delay_seconds(901).build().unwrap();
    let request = client.send_message_batch().queue_url(&url).entries(late).entries(entry("good", "good"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.successful[0].id(), "good");
    assert_eq!(answer.failed[0].id(), "late");
    assert_eq!((answer.failed[0].code(), answer.failed[0].sender_fault()), ("InvalidParameterValue", true));
    assert_eq!(receive_bodies(&client, &url).await, ["good"]);
}

#[tokio::test(start_paused = true)]
async fn the_visibility_of_several_messages_is_changed_at_once() {
    let (client, url) = queue().await;
    let request = client.send_message_batch().queue_url(&url).entries(entry("a", "one"));
    request.entries(entry("b", "two")).send().await.unwrap();
    let messages = receive(&client, &url).await;
    let entries = messages.iter().enumerate().map(|(index, message)| {
        let builder = Change::builder().id(index.to_string()).visibility_timeout(0);
        builder.set_receipt_handle(message.receipt_handle.clone()).build().unwrap()
    });
    let entries = entries.chain([Change::builder().id("bad").receipt_handle("bad").build().unwrap()]);
    let request = client.change_message_visibility_batch().queue_url(&url);
    let answer = request.set_entries(Some(entries.collect())).send().await.unwrap();
    assert_eq!((answer.successful.len(), answer.failed[0].id()), (2, "bad"));
    assert_eq!(receive_bodies(&client, &url).await, ["one", "two"]);
}
