use std::time::Duration;

use aws_sdk_sqs::types::{Message, QueueAttributeName};

use super::{client, counts, create, delete, queue, receive, receive_bodies, refusal, send};

#[tokio::test(start_paused = true)]
async fn a_receive_may_hide_messages_for_its_own_time() {
    let client = client();
    let url = create(&client, "things", &[(QueueAttributeName::VisibilityTimeout, "5")]).await;
    send(&client, &url, "one").await;
    let request = client.receive_message().queue_url(&url).visibility_timeout(0);
    assert_eq!(request.send().await.unwrap().messages().len(), 1);
    assert_eq!(receive(&client, &url).await.len(), 1, "it was not hidden");
    tokio::time::advance(Duration::from_millis(4999)).await;
    assert_eq!(receive(&client, &url).await, []);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(receive(&client, &url).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn visibility_is_extended_and_given_up() {
    let (client, url) = queue().await;
    send(&client, &url, "one").await;
    let message = receive(&client, &url).await.remove(0);
    let change = |message: &Message, seconds| {
        let request = client.change_message_visibility().queue_url(&url).visibility_timeout(seconds);
        request.set_receipt_handle(message.receipt_handle.clone()).send()
    };
    change(&message, 43_200).await.unwrap();
    tokio::time::advance(Duration::from_secs(43_199)).await;
    assert_eq!(counts(&client, &url).await, ["0", "1", "0"]);
    change(&message, 0).await.unwrap();
    assert_eq!(counts(&client, &url).await, ["1", "0", "0"]);

    let error = change(&message, 0).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
    assert_eq!(refusal!(change(&message, 43_201).await).0, "InvalidParameterValue");
    delete(&client, &url, &message).await;
    assert_eq!(refusal!(change(&message, 0).await).0, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn the_receipt_of_an_earlier_receive_deletes_nothing() {
    let (client, url) = queue().await;
    send(&client, &url, "one").await;
    let earlier = receive(&client, &url).await.remove(0);
    tokio::time::advance(Duration::from_secs(30)).await;
    let later = receive(&client, &url).await.remove(0);
    assert_ne!(earlier.receipt_handle, later.receipt_handle);
    delete(&client, &url, &earlier).await;
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(receive_bodies(&client, &url).await, ["one"]);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_no_receipt_of_the_queue_is_refused() {
    let (client, url) = queue().await;
    let other = create(&client, "others", &[]).await;
    send(&client, &other, "one").await;
    let foreign = receive(&client, &other).await.remove(0).receipt_handle.unwrap();
    for handle in ["", "nonsense", foreign.as_str()] {
        let request = client.delete_message().queue_url(&url).receipt_handle(handle);
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    }
}
