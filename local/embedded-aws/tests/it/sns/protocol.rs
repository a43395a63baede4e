use std::collections::HashSet;

use bytes::Bytes;
use confab_embedded_aws::{Service, ServiceRequest, Sns};
use http::StatusCode;

use super::{EPOCH_MS, client_of, refusal};

/// Sends a form; returns the status of the answer and its document.
async fn ask(form: &'static str) -> (StatusCode, String) {
    let sns = Sns::in_memory(EPOCH_MS).unwrap();
    let answer = sns.call(ServiceRequest::new(Bytes::from_static(form.as_bytes()))).await;
    (answer.status(), String::from_utf8(answer.body().to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn an_action_that_is_not_embedded_is_invalid() {
    let client = client_of(&Sns::in_memory(EPOCH_MS).unwrap());
    let (code, message) = refusal!(client.create_topic().name("things").send().await);
    assert_eq!(code, "InvalidAction");
    assert_eq!(message, "The action CreateTopic is not valid for this web service.");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_document_of_sns() {
    let (status, document) = ask("Action=%3Ca+%26%00%3E").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (before, after) = document.split_once("<RequestId>").unwrap();
    let expected = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
                    <Code>InvalidAction</Code><Message>The action &lt;a &amp;\u{fffd}&gt; is not valid for this \
                    web service.</Message></Error>";
    assert_eq!(before, expected);
    assert_eq!(after.find("</RequestId></ErrorResponse>"), Some(36));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_a_document_of_sns() {
    let (status, document) =
        ask("Action=CreatePlatformApplication&Version=2010-03-31&Name=a%2Eb&Platform=GCM").await;
    assert_eq!(status, StatusCode::OK);
    let (before, _) = document.split_once("<RequestId>").unwrap();
    let expected = "<CreatePlatformApplicationResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
                    <CreatePlatformApplicationResult><PlatformApplicationArn>\
                    arn:aws:sns::000000000000:app/GCM/a.b</PlatformApplicationArn>\
                    </CreatePlatformApplicationResult><ResponseMetadata>";
    assert_eq!(before, expected);
}

#[tokio::test(start_paused = true)]
async fn a_missing_parameter_is_named_with_the_status_of_the_refusal() {
    for (form, status, part) in [
        ("", StatusCode::BAD_REQUEST, "InvalidAction"),
        ("Action=CreatePlatformEndpoint", StatusCode::BAD_REQUEST, "PlatformApplicationArn"),
        ("Action=GetEndpointAttributes", StatusCode::BAD_REQUEST, "EndpointArn"),
        ("Action=GetEndpointAttributes&EndpointArn=none", StatusCode::NOT_FOUND, "NotFound"),
    ] {
        let (answered, document) = ask(form).await;
        assert_eq!(answered, status, "{form}");
        assert!(document.contains(part), "{document}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_an_id_of_its_own() {
    let mut documents = HashSet::new();
    for _ in 0..3 {
        documents.insert(ask("Action=ListPlatformApplications").await.1);
    }
    assert_eq!(documents.len(), 3);
}
