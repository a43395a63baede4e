use aws_sdk_sqs::{
    primitives::Blob,
    types::{Message, MessageAttributeValue},
};

use super::{queue, refusal};

fn string(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(data_type).string_value(value).build().unwrap()
}

fn binary(value: &[u8]) -> MessageAttributeValue {
    let builder = MessageAttributeValue::builder().data_type("Binary");
    builder.binary_value(Blob::new(value)).build().unwrap()
}

/// Sends the attributes and receives the wanted ones.
async fn round_trip(attributes: &[(&str, MessageAttributeValue)], wanted: &str) -> (Option<String>, Message) {
    let (client, url) = queue().await;
    let mut request = client.send_message().queue_url(&url).message_body("body");
    for (name, value) in attributes {
        request = request.message_attributes(*name, value.clone());
    }
    let sent = request.send().await.unwrap();
    let request = client.receive_message().queue_url(&url).message_attribute_names(wanted);
    (sent.md5_of_message_attributes, request.send().await.unwrap().messages.unwrap().remove(0))
}

#[tokio::test(start_paused = true)]
async fn attributes_are_received_as_they_were_sent_with_their_digest() {
    let attributes = [("user", string("String", "ann")), ("ports", binary(&[2, 3, 4]))];
    let (digest, message) = round_trip(&attributes, "All").await;
    assert_eq!(digest.as_deref(), Some("680f233b998d64dd80ea1ddd90b7a3a1"));
    assert_eq!(message.md5_of_message_attributes, digest);
    let received = message.message_attributes.unwrap();
    assert_eq!(received.len(), 2);
    for (name, value) in attributes {
        assert_eq!(received[name], value);
    }
}

#[tokio::test(start_paused = true)]
async fn digests_are_those_that_other_implementations_compute() {
    for (name, data_type, digest) in [
        ("SOME_Valid.attribute-Name", "Number", "36655e7e9d7c0e8479fa3f3f42247ae7"),
        ("timestamp", "Number.java.lang.Long", "2e2e4876d8e0bd6b8c2c8f556831c349"),
    ] {
        let attributes = [(name, string(data_type, "1493147359900"))];
        assert_eq!(round_trip(&attributes, "All").await.0.as_deref(), Some(digest));
    }
}

#[tokio::test(start_paused = true)]
async fn a_receive_names_the_attributes_that_it_wants() {
    let attributes = ["job.id", "job.kind", "user"].map(|name| (name, string("String", "value")));
    for (wanted, expected) in
        [("user", vec!["user"]), ("job.*", vec!["job.id", "job.kind"]), ("none", vec![])]
    {
        let (_, message) = round_trip(&attributes, wanted).await;
        let mut names: Vec<_> = message.message_attributes.unwrap_or_default().into_keys().collect();
        names.sort();
        assert_eq!(names, expected, "{wanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn attributes_without_a_value_or_beyond_ten_are_refused() {
    let (client, url) = queue().await;
    let request = client.send_message().queue_url(&url).message_body("body");
    let empty = request.clone().message_attributes("name", string("String", ""));
    assert_eq!(refusal!(empty.send().await).0, "InvalidParameterValue");
    let many = (0..11)
        .fold(request, |request, index| request.message_attributes(index.to_string(), string("Number", "1")));
    assert_eq!(refusal!(many.send().await).0, "InvalidParameterValue");
}
