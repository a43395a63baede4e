use std::time::Duration;

use aws_sdk_sqs::{Client, types::QueueAttributeName};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{bodies, client, create, queue, receive, receive_bodies, refusal, send};

/// Starts a long poll of 20 seconds in a task of its own.
///
/// The task returns the bodies and the duration.
async fn poll(client: &Client, url: &str) -> JoinHandle<(Vec<String>, Duration)> {
    let request = client.receive_message().queue_url(url).wait_time_seconds(20);
    let task = tokio::spawn(async move {
        let started = Instant::now();
        let messages = request.max_number_of_messages(10).send().await.unwrap().messages;
        (bodies(&messages.unwrap_or_default()), started.elapsed())
    });
    // The paused clock advances only while every task waits.
    tokio::time::sleep(Duration::from_millis(1)).await;
    task
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_when_its_time_is_over() {
    let (client, url) = queue().await;
    let (bodies, waited) = poll(&client, &url).await.await.unwrap();
    assert_eq!((bodies.len(), waited.as_secs()), (0, 20));
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_make_all_receives_wait() {
    let client = client();
    let url = create(&client, "patient", &[(QueueAttributeName::ReceiveMessageWaitTimeSeconds, "7")]).await;
    let started = Instant::now();
    assert_eq!(receive(&client, &url).await, []);
    assert_eq!(started.elapsed().as_secs(), 7);
    let request = client.receive_message().queue_url(&url).wait_time_seconds(0);
    request.send().await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 7, "unless they say otherwise");
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_without_delay_when_a_message_is_sent() {
    let (client, url) = queue().await;
    let poll = poll(&client, &url).await;
    send(&client, &url, "one").await;
    let (bodies, waited) = poll.await.unwrap();
    assert_eq!(bodies, ["one"]);
    assert!(waited < Duration::from_millis(5), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_when_a_delay_is_over() {
    let (client, url) = queue().await;
    let poll = poll(&client, &url).await;
    client.send_message().queue_url(&url).message_body("later").delay_seconds(3).send().await.unwrap();
    let (bodies, waited) = poll.await.unwrap();
    assert_eq!((bodies, waited.as_secs()), (vec!["later".to_owned()], 3));
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_when_a_message_comes_back_from_another() {
    let (client, url) = queue().await;
    let poll = poll(&client, &url).await;
    let other = client.receive_message().queue_url(&url).wait_time_seconds(20).visibility_timeout(3);
    // The first receive that waits gets the first message, so two are sent.
    let (other, ()) = tokio::join!(other.send(), async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        send(&client, &url, "one").await;
        send(&client, &url, "two").await;
    });
    let (first, _) = poll.await.unwrap();
    let second = bodies(&other.unwrap().messages.unwrap_or_default());
    assert_eq!([first, second].concat(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_began_before_a_receive_ends_with_its_timeout() {
    let (client, url) = queue().await;
    send(&client, &url, "one").await;
    let request = client.receive_message().queue_url(&url).visibility_timeout(10);
    let message = request.send().await.unwrap().messages.unwrap().remove(0);
    let poll = poll(&client, &url).await;
    let request = client.change_message_visibility().queue_url(&url).visibility_timeout(2);
    request.set_receipt_handle(message.receipt_handle).send().await.unwrap();
    let (bodies, waited) = poll.await.unwrap();
    assert_eq!((bodies, waited.as_secs()), (vec!["one".to_owned()], 2));
}

#[tokio::test(start_paused = true)]
async fn every_poll_gets_its_share_of_messages_sent_together() {
    let (client, url) = queue().await;
    let polls = [poll(&client, &url).await, poll(&client, &url).await, poll(&client, &url).await];
    for body in ["one", "two", "three"] {
        send(&client, &url, body).await;
    }
    let mut all = Vec::new();
    for poll in polls {
        all.extend(timeout(Duration::from_secs(21), poll).await.unwrap().unwrap().0);
    }
    all.sort();
    assert_eq!(all, ["one", "three", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_given_up_takes_no_message_with_it() {
    let (client, url) = queue().await;
    let given_up = poll(&client, &url).await;
    let waiting = poll(&client, &url).await;
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    send(&client, &url, "one").await;
    let (bodies, waited) = waiting.await.unwrap();
    assert_eq!(bodies, ["one"]);
    assert!(waited < Duration::from_millis(5), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_poll_of_a_queue_that_is_deleted_is_refused() {
    let (client, url) = queue().await;
    let request = client.receive_message().queue_url(&url).wait_time_seconds(20);
    let (refused, ()) = tokio::join!(request.send(), async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        client.delete_queue().queue_url(&url).send().await.unwrap();
    });
    assert!(refused.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test(start_paused = true)]
async fn a_poll_of_more_than_20_seconds_is_refused() {
    let (client, url) = queue().await;
    let request = client.receive_message().queue_url(&url).wait_time_seconds(21);
    assert_eq!(refusal!(request.send().await).0, "InvalidParameterValue");
    assert_eq!(receive_bodies(&client, &url).await, [""; 0]);
}
