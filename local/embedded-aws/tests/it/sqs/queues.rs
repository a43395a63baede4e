use aws_sdk_sqs::types::QueueAttributeName::{
    All, MessageRetentionPeriod, Policy, QueueArn, RedrivePolicy, VisibilityTimeout,
};

use super::{attribute, client, counts, create, queue, receive_bodies, refusal, send};

#[tokio::test(start_paused = true)]
async fn a_queue_is_found_by_its_name() {
    let (client, url) = queue().await;
    let found = client.get_queue_url().queue_name("things").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));
    assert_eq!(attribute(&client, &url, QueueArn).await, "arn:aws:sqs:eu-central-1:000000000000:things");
}

#[tokio::test(start_paused = true)]
async fn clients_can_distinguish_a_queue_that_does_not_exist() {
    let client = client();
    let error = client.get_queue_url().queue_name("absent").send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    let request = client.receive_message().queue_url("http://sqs.invalid/000000000000/absent");
    assert!(request.send().await.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test(start_paused = true)]
async fn creating_a_queue_again_changes_nothing_and_never_with_other_attributes() {
    let client = client();
    let url = create(&client, "things", &[(VisibilityTimeout, "60")]).await;
    assert_eq!(create(&client, "things", &[(VisibilityTimeout, "60")]).await, url);
    assert_eq!(create(&client, "things", &[]).await, url);
    let request = client.create_queue().queue_name("things").attributes(VisibilityTimeout, "61");
    let error = request.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
    assert_eq!(attribute(&client, &url, VisibilityTimeout).await, "60");
}

#[tokio::test(start_paused = true)]
async fn attributes_have_the_defaults_of_aws_and_can_be_set() {
    let (client, url) = queue().await;
    let request = client.set_queue_attributes().queue_url(&url).attributes(MessageRetentionPeriod, "60");
    request.send().await.unwrap();
    let answer = client.get_queue_attributes().queue_url(&url).attribute_names(All).send().await.unwrap();
    let attributes = answer.attributes.unwrap();
    let of = |name: &str| attributes[&name.into()].as_str();
    assert_eq!(of("VisibilityTimeout"), "30");
    assert_eq!(of("DelaySeconds"), "0");
    assert_eq!(of("ReceiveMessageWaitTimeSeconds"), "0");
    assert_eq!(of("MaximumMessageSize"), "1048576");
    assert_eq!(of("MessageRetentionPeriod"), "60");
    assert_eq!(of("CreatedTimestamp"), "1800000000");
    assert!(!attributes.contains_key(&RedrivePolicy));
}

#[tokio::test(start_paused = true)]
async fn attributes_that_are_unknown_or_out_of_bounds_are_refused() {
    let (client, url) = queue().await;
    for (name, value, code) in [
        (VisibilityTimeout, "43201", "InvalidAttributeValue"),
        (MessageRetentionPeriod, "59", "InvalidAttributeValue"),
        (RedrivePolicy, "{}", "InvalidAttributeValue"),
        (Policy, "{}", "InvalidAttributeName"),
    ] {
        let request = client.set_queue_attributes().queue_url(&url).attributes(name.clone(), value);
        assert_eq!(refusal!(request.send().await).0, code, "{name}");
        let request = client.create_queue().queue_name("others").attributes(name.clone(), value);
        assert_eq!(refusal!(request.send().await).0, code, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn queues_are_listed_by_prefix_and_in_pages() {
    let client = client();
    let mut urls = Vec::new();
    for name in ["a-1", "a-2", "a-3", "b-1"] {
        urls.push(create(&client, name, &[]).await);
    }
    let all = client.list_queues().send().await.unwrap();
    assert_eq!(all.queue_urls(), urls);
    let page = client.list_queues().queue_name_prefix("a").max_results(2).send().await.unwrap();
    assert_eq!(page.queue_urls(), &urls[..2]);
    let rest = client.list_queues().queue_name_prefix("a").max_results(2);
    let rest = rest.set_next_token(page.next_token).send().await.unwrap();
    assert_eq!(rest.queue_urls(), &urls[2..3]);
    assert_eq!(rest.next_token(), None);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_queue_and_its_messages_no_longer_exist() {
    let (client, url) = queue().await;
    send(&client, &url, "one").await;
    client.delete_queue().queue_url(&url).send().await.unwrap();
    let request = client.send_message().queue_url(&url).message_body("two");
    assert!(request.send().await.unwrap_err().into_service_error().is_queue_does_not_exist());
    create(&client, "things", &[]).await;
    assert_eq!(receive_bodies(&client, &url).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_purged_queue_is_empty() {
    let (client, url) = queue().await;
    send(&client, &url, "one").await;
    client.send_message().queue_url(&url).message_body("two").delay_seconds(9).send().await.unwrap();
    receive_bodies(&client, &url).await;
    send(&client, &url, "three").await;
    assert_eq!(counts(&client, &url).await, ["1", "1", "1"]);
    client.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(counts(&client, &url).await, ["0", "0", "0"]);
}
