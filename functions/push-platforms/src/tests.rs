//! Requests of CloudFormation, and the answers that arrive at their URL.

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/confab-dev/4b1c";
const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:app/APNS/confab-dev";
/// `-----BEGIN PRIVATE KEY-----` in Base64.
const SECRET: &str = r#"{"apns":"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t","fcm":""}"#;

/// Records the calls, and fails with the given error.
#[derive(Default)]
struct Recorder {
    asked: Mutex<Vec<String>>,
    fails_with: Option<fn() -> StoreError>,
}

impl Recorder {
    fn note(&self, what: String) -> Result<(), StoreError> {
        self.asked.lock().unwrap().push(what);
        self.fails_with.map_or(Ok(()), |error| Err(error()))
    }
}

impl Cloud for Recorder {
    async fn secret(&self, _: &str) -> Result<String, Error> {
        Ok(SECRET.to_owned())
    }

    async fn put(&self, arn: &str, attributes: HashMap<String, String>) -> Result<(), StoreError> {
        self.note(format!("put {arn} by {}", attributes["PlatformPrincipal"]))
    }

    async fn delete(&self, arn: &str) -> Result<(), StoreError> {
        self.note(format!("delete {arn}"))
    }
}

/// Simulates the URL of CloudFormation: refuses some requests, accepts the next, and returns its head and body.
async fn wait_at(listener: TcpListener, refusals: usize) -> (String, Value) {
    for refused in 0.. {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        let (head, body) = loop {
            let length = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str(body)
            {
                break (head.to_owned(), body);
            }
        };
        let status = if refused < refusals { "503 Slow Down" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        if refused == refusals {
            return (head, body);
        }
    }
    unreachable!("the loop ends with an accepted request")
}

struct Case {
    cloud: Recorder,
    /// Fields that differ from those of a creation.
    request: Value,
    refusals: usize,
}

impl Case {
    fn new(request: Value) -> Self {
        Self { cloud: Recorder::default(), request, refusals: 0 }
    }

    /// Handles the request; returns the head and the body of the answer, and the calls to the cloud.
    async fn run(self) -> (String, Value, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut request = json!({
            "RequestType": "Create",
            "ResponseURL": format!("http://{address}/bucket/a%7Cb?X-Amz-Signature=c%2Fd"),
            "StackId": STACK,
            "RequestId": "req-1",
            "ResourceType": "Custom::PlatformApplication",
            "LogicalResourceId": "ApnsApplication",
            "ResourceProperties": {
                "ServiceToken": "arn:function",
                "Name": "confab-dev",
                "Platform": "APNS",
                "SecretArn": "arn:secret",
                "KeyId": "KEY1",
                "TeamId": "TEAM",
                "BundleId": "com.example",
                "FeedbackRoleArn": "arn:role",
                "SuccessLogPercent": "0",
            },
        });
        for (name, value) in self.request.as_object().unwrap() {
            request[name] = value.clone();
        }
        let request: Request = serde_json::from_value(request).unwrap();
        let (handled, (head, body)) =
            tokio::join!(handle(&self.cloud, request), wait_at(listener, self.refusals));
        handled.unwrap();
        (head, body, self.cloud.asked.into_inner().unwrap())
    }
}

#[tokio::test]
async fn an_application_is_made_and_its_arn_answered() {
    let (head, answer, asked) = Case::new(json!({})).run().await;
    assert!(head.starts_with("PUT /bucket/a%7Cb?X-Amz-Signature=c%2Fd HTTP/1.1"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("content-type"), "the URL is signed without one: {head}");
    assert_eq!(
        answer,
        json!({
            "Status": "SUCCESS",
            "PhysicalResourceId": ARN,
            "StackId": STACK,
            "RequestId": "req-1",
            "LogicalResourceId": "ApnsApplication",
        })
    );
    assert_eq!(asked, [format!("put {ARN} by KEY1")]);
}

#[tokio::test]
async fn an_update_changes_the_application_or_makes_another() {
    let update = json!({"RequestType": "Update", "PhysicalResourceId": ARN});
    let (_, answer, asked) = Case::new(update).run().await;
    assert_eq!((&answer["PhysicalResourceId"], asked.len()), (&json!(ARN), 1));

    let earlier = ARN.replace("/APNS/", "/APNS_SANDBOX/");
    let replaced = json!({"RequestType": "Update", "PhysicalResourceId": earlier});
    let (_, answer, asked) = Case::new(replaced).run().await;
    assert_eq!(answer["PhysicalResourceId"], ARN, "CloudFormation deletes the earlier one by itself");
    assert_eq!(asked, [format!("put {ARN} by KEY1")]);
}

#[tokio::test]
async fn a_deletion_needs_no_properties() {
    let delete =
        json!({"RequestType": "Delete", "PhysicalResourceId": ARN, "ResourceProperties": Value::Null});
    let (_, answer, asked) = Case::new(delete).run().await;
    assert_eq!((answer["Status"].as_str(), asked), (Some("SUCCESS"), vec![format!("delete {ARN}")]));
}

#[tokio::test]
async fn an_application_that_was_never_created_is_not_deleted() {
    let mut case = Case::new(json!({}));
    case.cloud.fails_with = Some(|| StoreError::Rejected("Platform credentials are invalid".into()));
    let (_, answer, _) = case.run().await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().ends_with("Platform credentials are invalid"), "{answer}");

    let id = &answer["PhysicalResourceId"];
    let delete = json!({"RequestType": "Delete", "PhysicalResourceId": id});
    let (_, answer, asked) = Case::new(delete).run().await;
    assert_eq!((answer["Status"].as_str(), asked.len()), (Some("SUCCESS"), 0));
}

#[tokio::test]
async fn an_application_of_unknown_outcome_is_named_so_that_it_is_deleted() {
    let mut case = Case::new(json!({}));
    case.cloud.fails_with = Some(|| StoreError::Unavailable("timed out".into()));
    let (_, answer, _) = case.run().await;
    assert_eq!((answer["Status"].as_str(), &answer["PhysicalResourceId"]), (Some("FAILED"), &json!(ARN)));
}

#[tokio::test]
async fn a_failed_update_leaves_the_application_that_is_there() {
    let earlier = ARN.replace("/APNS/", "/APNS_SANDBOX/");
    let mut case = Case::new(json!({"RequestType": "Update", "PhysicalResourceId": earlier}));
    case.cloud.fails_with = Some(|| StoreError::Unavailable("timed out".into()));
    let (_, answer, _) = case.run().await;
    assert_eq!((answer["Status"].as_str(), &answer["PhysicalResourceId"]), (Some("FAILED"), &json!(earlier)));
}

#[tokio::test]
async fn wrong_properties_are_answered_too() {
    let (_, answer, asked) = Case::new(json!({"ResourceProperties": {"Name": "x"}})).run().await;
    assert_eq!((answer["Status"].as_str(), asked.len()), (Some("FAILED"), 0));
    assert!(answer["Reason"].as_str().unwrap().contains("missing field"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_again() {
    let mut case = Case::new(json!({}));
    case.refusals = 2;
    let (_, answer, asked) = case.run().await;
    assert_eq!((answer["Status"].as_str(), asked.len()), (Some("SUCCESS"), 1));
}
