use std::time::Duration;

use aws_sdk_sns::{primitives::Blob, types::MessageAttributeValue};
use confab_embedded_aws::Published;

use super::{EPOCH_MS, create, create_application, endpoint, messages, publish, refusal, start};

#[tokio::test(start_paused = true)]
async fn published_messages_are_kept_in_order_and_complete() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    publish(&client, &arn, "first").await;
    tokio::time::advance(Duration::from_millis(1500)).await;
    let request = client.publish().target_arn(&arn).message("second");
    let ttl = MessageAttributeValue::builder().data_type("Number").string_value("60").build().unwrap();
    let raw = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([1, 2, 3]));
    let request = request.message_attributes("AWS.SNS.MOBILE.GCM.TTL", ttl);
    let answer = request.message_attributes("raw", raw.build().unwrap()).send().await.unwrap();
    assert_eq!(answer.message_id().unwrap().len(), 36);

    let published = sns.published().unwrap();
    assert_eq!(published.len(), 2);
    assert_eq!((published[0].message.as_str(), published[0].sent_at_ms), ("first", EPOCH_MS));
    let attributes = [("AWS.SNS.MOBILE.GCM.TTL", "60"), ("raw", "AQID")];
    let expected = Published {
        endpoint: arn,
        platform: "GCM".to_owned(),
        token: "token".to_owned(),
        message: "second".to_owned(),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        sent_at_ms: EPOCH_MS + 1500,
    };
    assert_eq!(published[1], expected);
}

#[tokio::test(start_paused = true)]
async fn each_platform_gets_its_own_text_or_else_the_default() {
    let (client, sns) = start();
    let message = r#"{
        "default": "for all others",
        "GCM": "{\"notification\":{\"body\":\"<&> 🦀\\n100% + 1\"}}",
        "APNS": "{\"aps\":{\"alert\":\"hi\"}}",
        "email": ["ignored"]
    }"#;
    for platform in ["GCM", "APNS", "APNS_SANDBOX", "ADM"] {
        let application = create_application(&client, platform, "things").await;
        let arn = create(&client, &application, "token").await;
        let request = client.publish().target_arn(arn).message_structure("json").message(message);
        request.send().await.unwrap();
    }
    assert_eq!(
        messages(&sns),
        [
            r#"{"notification":{"body":"<&> 🦀\n100% + 1"}}"#,
            r#"{"aps":{"alert":"hi"}}"#,
            "for all others",
            "for all others",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_structure_without_a_default_or_of_another_form_is_refused() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    for message in [
        "no JSON",
        "[]",
        r#""default""#,
        r#"{"GCM": "{}"}"#,
        r#"{"default": {"body": "hi"}}"#,
        r#"{"default": "hi", "GCM": {"notification": {}}}"#,
        r#"{"default": "hi"} more"#,
    ] {
        let request = client.publish().target_arn(&arn).message_structure("json").message(message);
        let (code, text) = refusal!(request.send().await);
        assert_eq!(code, "InvalidParameter", "{message}");
        assert!(text.starts_with("Invalid parameter: Message Structure - "), "{text}");
    }
    let request = client.publish().target_arn(&arn).message_structure("yaml").message("hi");
    assert!(request.send().await.unwrap_err().into_service_error().is_invalid_parameter_exception());
    assert_eq!(messages(&sns), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_structure_is_taken_as_it_is() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    let message = "{\"default\": \"not looked into\"} & <b>🦀</b>\r\n1 + 1 = 100%25;";
    publish(&client, &arn, message).await;
    assert_eq!(messages(&sns), [message]);
}

#[tokio::test(start_paused = true)]
async fn odd_characters_in_message_attributes_are_kept() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    let odd = "a&b=c <d> \"e\" 🦀\n1 + 1 = 100%25";
    let value = MessageAttributeValue::builder().data_type("String").string_value(odd).build().unwrap();
    let request = client.publish().target_arn(&arn).message("hi");
    request.message_attributes("na+me&", value).send().await.unwrap();
    assert_eq!(sns.published().unwrap()[0].attributes["na+me&"], odd);
}

#[tokio::test(start_paused = true)]
async fn a_message_attribute_without_a_value_is_refused() {
    let (client, _) = start();
    let arn = endpoint(&client).await;
    let value = MessageAttributeValue::builder().data_type("String").string_value("").build().unwrap();
    let request = client.publish().target_arn(&arn).message("hi").message_attributes("name", value);
    let (code, message) = refusal!(request.send().await);
    assert_eq!(code, "InvalidParameter");
    assert!(message.contains("'name'"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_message_is_neither_empty_nor_longer_than_256_kib_with_its_attributes() {
    let (client, sns) = start();
    let arn = endpoint(&client).await;
    let full = "m".repeat(256 * 1024);
    publish(&client, &arn, &full).await;
    for message in [String::new(), full.clone() + "m"] {
        let error = client.publish().target_arn(&arn).message(message).send().await.unwrap_err();
        assert!(error.into_service_error().is_invalid_parameter_exception());
    }
    let value = MessageAttributeValue::builder().data_type("String").string_value("v").build().unwrap();
    let request = client.publish().target_arn(&arn).message(full).message_attributes("name", value);
    assert!(request.send().await.unwrap_err().into_service_error().is_invalid_parameter_exception());
    assert_eq!(messages(&sns).len(), 1);
}
