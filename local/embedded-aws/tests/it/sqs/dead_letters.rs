use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{MessageSystemAttributeName, QueueAttributeName},
};

use super::{client, counts, create, receive, receive_bodies, refusal, send};

const SOURCE_ARN: &str = "arn:aws:sqs:eu-central-1:000000000000:things";
const DEAD_ARN: &str = "arn:aws:sqs:eu-central-1:000000000000:dead";
const POLICY: &str =
    r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:000000000000:dead","maxReceiveCount":"2"}"#;

/// A client, a queue that dead-letters after two receives, and its dead-letter queue.
async fn queues() -> (Client, String, String) {
    let client = client();
    let dead = create(&client, "dead", &[]).await;
    let source = create(&client, "things", &[(QueueAttributeName::RedrivePolicy, POLICY)]).await;
    (client, source, dead)
}

/// Receives a message until it is dead-lettered.
async fn give_up(client: &Client, source: &str) {
    for _ in 0..2 {
        assert_eq!(receive(client, source).await.len(), 1);
        tokio::time::advance(Duration::from_secs(30)).await;
    }
    assert_eq!(receive(client, source).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_received_too_often_goes_to_the_dead_letter_queue() {
    let (client, source, dead) = queues().await;
    send(&client, &source, "poison").await;
    give_up(&client, &source).await;
    assert_eq!(counts(&client, &source).await, ["0", "0", "0"]);

    let request = client.receive_message().queue_url(&dead);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    let message = request.send().await.unwrap().messages.unwrap().remove(0);
    let attributes = message.attributes.unwrap();
    assert_eq!(message.body.as_deref(), Some("poison"));
    assert_eq!(attributes[&MessageSystemAttributeName::ApproximateReceiveCount], "3");
    assert_eq!(attributes[&MessageSystemAttributeName::DeadLetterQueueSourceArn], SOURCE_ARN);
}

#[tokio::test(start_paused = true)]
async fn a_poll_of_the_dead_letter_queue_ends_when_a_message_is_given_up() {
    let (client, source, dead) = queues().await;
    send(&client, &source, "poison").await;
    let poll = client.receive_message().queue_url(&dead).wait_time_seconds(20);
    let give_up = async {
        for _ in 0..3 {
            let request = client.receive_message().queue_url(&source).visibility_timeout(0);
            request.send().await.unwrap();
        }
    };
    let (answer, ()) = tokio::join!(poll.send(), give_up);
    assert_eq!(answer.unwrap().messages().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_queue_has_to_exist() {
    let client = client();
    let request = client.create_queue().queue_name("things");
    let request = request.attributes(QueueAttributeName::RedrivePolicy, POLICY);
    assert_eq!(refusal!(request.send().await).0, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn dead_letters_are_moved_back_as_new_messages() {
    let (client, source, dead) = queues().await;
    send(&client, &source, "poison").await;
    give_up(&client, &source).await;

    client.start_message_move_task().source_arn(DEAD_ARN).send().await.unwrap();
    assert_eq!(receive_bodies(&client, &dead).await, [""; 0]);
    let request = client.receive_message().queue_url(&source);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    let message = request.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(message.attributes.unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount], "1");

    let tasks = client.list_message_move_tasks().source_arn(DEAD_ARN).send().await.unwrap();
    let task = &tasks.results()[0];
    assert_eq!((task.status(), task.approximate_number_of_messages_moved()), (Some("COMPLETED"), 1));
}

#[tokio::test(start_paused = true)]
async fn dead_letters_are_moved_to_another_queue_if_that_is_asked_for() {
    let (client, source, dead) = queues().await;
    let other = create(&client, "others", &[]).await;
    send(&client, &dead, "one").await;
    let request = client.start_message_move_task().source_arn(DEAD_ARN);
    let other_arn = "arn:aws:sqs:eu-central-1:000000000000:others";
    request.clone().destination_arn(other_arn).send().await.unwrap();
    assert_eq!(receive_bodies(&client, &other).await, ["one"]);
    assert_eq!(receive_bodies(&client, &source).await, [""; 0]);

    let request = request.destination_arn("arn:aws:sqs:eu-central-1:000000000000:absent");
    let error = request.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
}
