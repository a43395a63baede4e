//! A service that charges its requests to a meter.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Meter, capacity};
use crate::{Service, ServiceFuture, ServiceRequest, ServiceResponse, dynamodb::operation};

/// A DynamoDB whose requests are charged.
pub(crate) struct Metered {
    inner: Arc<dyn Service>,
    meter: Meter,
}

impl Metered {
    pub(crate) fn new(inner: Arc<dyn Service>, meter: Meter) -> Self {
        Self { inner, meter }
    }
}

impl Service for Metered {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let (inner, meter) = (Arc::clone(&self.inner), self.meter.clone());
        Box::pin(async move {
            let _in_flight = meter.start();
            // Calls that are joined with this one can start before it ends.
            tokio::task::yield_now().await;
            let operation = operation(&request).to_owned();
            let Ok(asked) = serde_json::from_slice::<Map<String, Value>>(request.body()) else {
                return inner.call(request).await;
            };
            let (request, hides_item) = ask(&operation, request, asked.clone());
            let (head, body) = inner.call(request).await.into_parts();
            let Ok(mut answered) = serde_json::from_slice::<Map<String, Value>>(&body) else {
                return ServiceResponse::from_parts(head, body);
            };
            meter.charge(&operation, capacity::of(&operation, &asked, &answered));
            if hides_item && answered.remove("Item").is_some() {
                let body = Value::Object(answered).to_string();
                return ServiceResponse::from_parts(head, body.into());
            }
            ServiceResponse::from_parts(head, body)
        })
    }
}

/// Makes the answer carry its cost, and a refusal the item of its cost.
///
/// The second result is whether that item must be removed from the answer, since the caller did not ask for it.
fn ask(operation: &str, request: ServiceRequest, mut body: Map<String, Value>) -> (ServiceRequest, bool) {
    if !capacity::is_reported_by(operation) {
        return (request, false);
    }
    if !matches!(body.get("ReturnConsumedCapacity").and_then(Value::as_str), Some("TOTAL" | "INDEXES")) {
        body.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
    }
    let wants_item = body.get("ReturnValuesOnConditionCheckFailure").is_some_and(|value| value == "ALL_OLD");
    let hides_item = body.contains_key("ConditionExpression")
        && matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem")
        && !wants_item;
    if hides_item {
        body.insert("ReturnValuesOnConditionCheckFailure".to_owned(), "ALL_OLD".into());
    }
    (request.map(|_| Value::Object(body).to_string().into()), hides_item)
}
