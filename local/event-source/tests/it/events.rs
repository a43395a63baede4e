use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::{primitives::Blob, types::MessageAttributeValue};
use serde_json::json;

use crate::support::{ARN, EPOCH_MS, Function, URL, count, done, queue, send, source};

#[tokio::test(start_paused = true)]
async fn a_message_arrives_as_lambda_would_hand_it_over() {
    let client = queue().await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("ann").build().unwrap();
    let bytes = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([2, 3, 4]));
    let request = client.send_message().queue_url(URL).message_body("derp").message_group_id("tenant");
    let request = request.message_attributes("user", text);
    let sent = request.message_attributes("ports", bytes.build().unwrap()).send().await.unwrap();

    let event = Function::answering(source(), &client, done).next().await.event;
    let receipt_handle = event["Records"][0]["receiptHandle"].as_str().unwrap();
    let received_at = event["Records"][0]["attributes"]["ApproximateFirstReceiveTimestamp"].clone();
    assert_eq!(
        event,
        json!({"Records": [{
            "messageId": sent.message_id().unwrap(),
            "receiptHandle": receipt_handle,
            "body": "derp",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "ApproximateFirstReceiveTimestamp": received_at,
                "MessageGroupId": "tenant",
                "SenderId": "000000000000",
                "SentTimestamp": EPOCH_MS.to_string(),
            },
            "messageAttributes": {
                "ports": {
                    "binaryValue": "AgME", "stringListValues": [], "binaryListValues": [], "dataType": "Binary",
                },
                "user": {
                    "stringValue": "ann", "stringListValues": [], "binaryListValues": [], "dataType": "String",
                },
            },
            "md5OfMessageAttributes": "680f233b998d64dd80ea1ddd90b7a3a1",
            "md5OfBody": "58fd9edd83341c29f1aebba81c31e257",
            "eventSource": "aws:sqs",
            "eventSourceARN": ARN,
            "awsRegion": "eu-central-1",
        }]})
    );
}

#[tokio::test(start_paused = true)]
async fn functions_read_an_event_with_the_types_of_lambda() {
    let client = queue().await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("ann").build().unwrap();
    let request = client.send_message().queue_url(URL).message_body("derp").message_attributes("user", text);
    request.send().await.unwrap();
    let event = Function::answering(source(), &client, done).next().await.event;
    let record = serde_json::from_value::<SqsEvent>(event).unwrap().records.remove(0);
    assert_eq!(record.body.as_deref(), Some("derp"));
    assert_eq!(record.message_attributes["user"].string_value.as_deref(), Some("ann"));
    assert_eq!(record.event_source_arn.as_deref(), Some(ARN));
}

#[tokio::test(start_paused = true)]
async fn a_message_after_a_long_pause_is_handed_over_without_delay() {
    let client = queue().await;
    let mut function = Function::answering(source(), &client, done);
    tokio::time::sleep(Duration::from_secs(3605)).await;
    let sent_at = tokio::time::Instant::now();
    send(&client, "one").await;
    let waited = function.next().await.at - sent_at;
    assert!(waited < Duration::from_millis(5), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn messages_that_are_done_are_deleted() {
    let client = queue().await;
    let mut function = Function::answering(source(), &client, done);
    send(&client, "one").await;
    send(&client, "two").await;
    function.next().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(&client).await, 0);
}
