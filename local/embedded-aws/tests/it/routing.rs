use aws_sdk_dynamodb::{Client, error::DisplayErrorContext};
use confab_embedded_aws::{DynamoDb, EmbeddedAws, Service, ServiceFuture, ServiceRequest, ServiceResponse};

use crate::{client, client_of, config, s};

#[tokio::test]
async fn an_unknown_service_is_a_dispatch_failure() {
    let aws = EmbeddedAws::builder().service("execute-api", DynamoDb::in_memory().unwrap()).build();
    let error = Client::from_conf(config(&aws)).list_tables().send().await.unwrap_err();
    assert!(matches!(error, aws_sdk_dynamodb::error::SdkError::DispatchFailure(_)), "{error:?}");
    let text = DisplayErrorContext(&error).to_string();
    assert!(text.contains(r#"no embedded service "dynamodb""#), "{text}");
}

#[tokio::test]
async fn an_operation_that_is_not_emulated_is_unknown() {
    let error = client().await.describe_limits().send().await.unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("UnknownOperationException"));
}

#[tokio::test]
async fn a_refused_request_carries_the_code_of_dynamodb() {
    let request = client().await.put_item().table_name("missing-table").item("pk", s("a"));
    let error = request.send().await.unwrap_err();
    assert!(error.into_service_error().is_resource_not_found_exception());
}

/// Answers every second request with the status of an overloaded service.
struct Flaky {
    inner: DynamoDb,
    calls: std::sync::atomic::AtomicU32,
}

impl Service for Flaky {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        if self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed).is_multiple_of(2) {
            let mut overloaded = ServiceResponse::default();
            *overloaded.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            return Box::pin(std::future::ready(overloaded));
        }
        self.inner.call(request)
    }
}

#[tokio::test]
async fn a_service_around_a_service_can_inject_faults_which_the_sdk_retries() {
    let client = client_of(Flaky { inner: DynamoDb::in_memory().unwrap(), calls: 0.into() });
    assert_eq!(client.list_tables().send().await.unwrap().table_names().len(), 0);
}
