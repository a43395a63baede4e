use std::time::Duration;

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use confab_embedded_aws::Sqs;

use super::{EPOCH_MS, client, client_of, create, delete, queue, receive, receive_bodies, refusal, send};

/// Largest message. Unit: bytes, inclusive. Source: Amazon SQS API Reference, `SendMessage`.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn a_message_is_received_as_it_was_sent_until_it_is_deleted() {
    let (client, url) = queue().await;
    let sent = client.send_message().queue_url(&url).message_body("derp").send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("58fd9edd83341c29f1aebba81c31e257"));

    let message = receive(&client, &url).await.remove(0);
    assert_eq!(message.body(), Some("derp"));
    assert_eq!(message.message_id, sent.message_id);
    assert_eq!(message.md5_of_body, sent.md5_of_message_body);
    assert_eq!(message.attributes, None, "only those that are asked for");

    delete(&client, &url, &message).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(receive(&client, &url).await, []);
    delete(&client, &url, &message).await;
}

#[tokio::test(start_paused = true)]
async fn system_attributes_give_the_history_of_a_message() {
    let (client, url) = queue().await;
    let request = client.send_message().queue_url(&url).message_body("one").message_group_id("tenant");
    request.send().await.unwrap();
    tokio::time::advance(Duration::from_millis(1500)).await;
    receive(&client, &url).await;
    tokio::time::advance(Duration::from_secs(30)).await;

    let request = client.receive_message().queue_url(&url);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    let message = request.send().await.unwrap().messages.unwrap().remove(0);
    let attributes = message.attributes.unwrap();
    let of = |name: &str| attributes[&name.into()].clone();
    assert_eq!(of("ApproximateReceiveCount"), "2");
    assert_eq!(of("SentTimestamp"), EPOCH_MS.to_string());
    assert_eq!(of("ApproximateFirstReceiveTimestamp"), (EPOCH_MS + 1500).to_string());
    assert_eq!(of("MessageGroupId"), "tenant");
    assert_eq!(of("SenderId"), "000000000000");
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_group_are_received_side_by_side() {
    let (client, url) = queue().await;
    for body in ["one", "two"] {
        let request = client.send_message().queue_url(&url).message_body(body);
        request.message_group_id("tenant").send().await.unwrap();
    }
    assert_eq!(receive_bodies(&client, &url).await, ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_1_mib_is_accepted_and_one_byte_more_is_refused() {
    let (client, url) = queue().await;
    send(&client, &url, &"x".repeat(MESSAGE_BYTES_MAX)).await;
    assert_eq!(receive(&client, &url).await[0].body().unwrap().len(), MESSAGE_BYTES_MAX);
    let body = "x".repeat(MESSAGE_BYTES_MAX + 1);
    let request = client.send_message().queue_url(&url).message_body(body);
    assert_eq!(refusal!(request.send().await).0, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_take_smaller_messages_only() {
    let client = client();
    let url = create(&client, "small", &[(QueueAttributeName::MaximumMessageSize, "1024")]).await;
    send(&client, &url, &"x".repeat(1024)).await;
    let request = client.send_message().queue_url(&url).message_body("x".repeat(1025));
    assert_eq!(refusal!(request.send().await).0, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_text_or_empty_is_refused() {
    let (client, url) = queue().await;
    let request = client.send_message().queue_url(&url).message_body("\u{1}");
    assert!(request.send().await.unwrap_err().into_service_error().is_invalid_message_contents());
    let request = client.send_message().queue_url(&url).message_body("");
    assert_eq!(refusal!(request.send().await).0, "MissingParameter");
    let request = client.send_message().queue_url(&url);
    let (code, message) = refusal!(request.send().await);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("MissingParameter", "The request must contain the parameter MessageBody.")
    );
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_waits_for_its_time() {
    let (client, url) = queue().await;
    client.send_message().queue_url(&url).message_body("later").delay_seconds(900).send().await.unwrap();
    tokio::time::advance(Duration::from_millis(899_999)).await;
    assert_eq!(receive(&client, &url).await, []);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(receive_bodies(&client, &url).await, ["later"]);

    let request = client.send_message().queue_url(&url).message_body("too late").delay_seconds(901);
    assert_eq!(refusal!(request.send().await).0, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn a_queues_delay_holds_for_messages_without_their_own() {
    let client = client();
    let url = create(&client, "slow", &[(QueueAttributeName::DelaySeconds, "5")]).await;
    send(&client, &url, "slow").await;
    client.send_message().queue_url(&url).message_body("fast").delay_seconds(0).send().await.unwrap();
    assert_eq!(receive_bodies(&client, &url).await, ["fast"]);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(receive_bodies(&client, &url).await, ["slow"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_gone_after_the_retention_period() {
    let client = client();
    let url = create(&client, "short", &[(QueueAttributeName::MessageRetentionPeriod, "60")]).await;
    send(&client, &url, "one").await;
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(receive(&client, &url).await.len(), 1);
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(receive(&client, &url).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_receive_of_none_or_of_eleven_messages_is_refused() {
    let (client, url) = queue().await;
    for count in [0, 11] {
        let request = client.receive_message().queue_url(&url).max_number_of_messages(count);
        assert_eq!(refusal!(request.send().await).0, "InvalidParameterValue", "{count}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_message_is_handed_out_twice_while_it_is_in_flight() {
    let (client, url) = queue().await;
    for index in 0..200 {
        send(&client, &url, &index.to_string()).await;
    }
    let tasks = (0..8).map(|_| {
        let (client, url) = (client.clone(), url.clone());
        tokio::spawn(async move {
            let mut all = Vec::new();
            loop {
                let bodies = receive_bodies(&client, &url).await;
                if bodies.is_empty() {
                    return all;
                }
                all.extend(bodies);
            }
        })
    });
    let mut all = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 200);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn no_message_is_older_than_time_itself() {
    let client = client_of(Sqs::in_memory(0));
    let url = create(&client, "things", &[]).await;
    send(&client, &url, "one").await;
    assert_eq!(receive_bodies(&client, &url).await, ["one"]);
}
