use std::{future::pending, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName;
use confab_event_source::EventSource;

use crate::support::{
    Function, URL, VISIBILITY_SECONDS, client, count, create, done, fail, queue, send, send_all, source,
};

#[tokio::test(start_paused = true)]
async fn messages_of_a_failed_invocation_are_received_again() {
    let client = queue().await;
    send_all(&client, 1..=2).await;
    let mut function = Function::answering(source(), &client, fail);
    let first = function.next().await;
    let again = function.next().await;
    assert_eq!((first.bodies(), again.bodies()), (vec!["1", "2"], vec!["1", "2"]));
    assert_eq!((again.at - first.at).as_secs(), VISIBILITY_SECONDS);
    assert_eq!(again.records()[0]["attributes"]["ApproximateReceiveCount"], "2");
}

/// As on Lambda, a function may set the time after which a failed message is received again.
#[tokio::test(start_paused = true)]
async fn a_message_that_its_function_hides_for_less_is_received_again_sooner() {
    let client = queue().await;
    send(&client, "1").await;
    let source = EventSource { report_batch_item_failures: true, ..source() };
    let sqs = client.clone();
    let mut function = Function::start(source, &client, pending(), move |invocation| {
        let sqs = sqs.clone();
        async move {
            let record = &invocation.records()[0];
            let [receipt, id] = ["receiptHandle", "messageId"].map(|name| record[name].as_str().unwrap());
            let hide = sqs.change_message_visibility().queue_url(URL).receipt_handle(receipt);
            hide.visibility_timeout(2).send().await.unwrap();
            Ok(format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"{id}"}}]}}"#))
        }
    });
    let first = function.next().await;
    let again = function.next().await;
    assert_eq!((again.at - first.at).as_secs(), 2);
    assert_eq!(again.records()[0]["attributes"]["ApproximateReceiveCount"], "2");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_invocation_and_the_source_goes_on() {
    let client = queue().await;
    let mut function = Function::start(source(), &client, pending(), |invocation| async move {
        assert_ne!(invocation.bodies(), ["bad"]);
        Ok(String::new())
    });
    send(&client, "bad").await;
    function.next().await;
    send(&client, "good").await;
    assert_eq!(function.next().await.bodies(), ["good"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(&client).await, 1);
}

/// The pauses between invocations that fail, one message each, in milliseconds.
async fn pauses(source: EventSource) -> Vec<u128> {
    let client = queue().await;
    send_all(&client, 1..=5).await;
    let one_by_one = EventSource { batch_size: 1, maximum_concurrency: 1, ..source };
    let mut function = Function::answering(one_by_one, &client, fail);
    let mut last = function.next().await.at;
    let mut pauses = Vec::new();
    for _ in 2..=5 {
        let next = function.next().await.at;
        pauses.push((next - last).as_millis());
        last = next;
    }
    pauses
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_with_failures_in_a_row() {
    assert_eq!(pauses(source()).await, [100, 200, 400, 800]);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_reports_failures_is_not_slowed_down_by_them() {
    let source = EventSource { report_batch_item_failures: true, ..source() };
    assert_eq!(pauses(source).await, [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_polled_is_tried_again() {
    let client = client();
    let mut function = Function::answering(source(), &client, done);
    tokio::time::sleep(Duration::from_secs(60)).await;
    create(&client, "things").await;
    send(&client, "one").await;
    assert_eq!(function.next().await.bodies(), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_always_fails_is_dead_lettered() {
    let client = queue().await;
    create(&client, "dead").await;
    let policy =
        r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:000000000000:dead","maxReceiveCount":3}"#;
    let request = client.set_queue_attributes().queue_url(URL);
    request.attributes(QueueAttributeName::RedrivePolicy, policy).send().await.unwrap();
    send(&client, "poison").await;
    let mut function = Function::answering(source(), &client, fail);

    let dead = client.receive_message().queue_url(URL.replace("things", "dead")).wait_time_seconds(20);
    let message = loop {
        if let Some(message) = dead.clone().send().await.unwrap().messages.unwrap_or_default().pop() {
            break message;
        }
    };
    assert_eq!(message.body(), Some("poison"));
    assert_eq!(function.so_far().len(), 3);
}
