//! Audit of requests: callers, actions and resources, as a CloudTrail trail or an IAM decision names them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::{ServiceRequest, dynamodb::operation, signing_name, sns::Form};

/// One kind of request by one caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The access key id that the request was signed with.
    pub caller: String,
    /// Action as in a policy, such as `dynamodb:PutItem`.
    pub action: String,
    /// Resource of the action: a table, a queue, an ARN of SNS without region, account and endpoint id, or the method
    /// and path of `@connections`.
    pub resource: String,
}

/// Handle to the accesses over one transport, each kind once. Clones share them.
///
/// It covers DynamoDB, SNS, SQS and API Gateway's `@connections`; requests to other services are left out. Transactions
/// and batches count as the actions in them, since IAM decides on those.
///
/// Source: DynamoDB Developer Guide, "IAM with DynamoDB transactions"; Service Authorization Reference, "Amazon SQS"
/// and "Amazon SNS".
#[derive(Clone, Debug, Default)]
pub struct Audit(Arc<Mutex<BTreeSet<Access>>>);

impl Audit {
    /// All accesses so far, granted or not.
    pub fn accesses(&self) -> BTreeSet<Access> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn record(&self, caller: &str, service: &str, request: &ServiceRequest) {
        let asked = match service {
            signing_name::DYNAMODB => of_dynamodb(request),
            signing_name::EXECUTE_API => vec![of_connections(request)],
            signing_name::SNS => vec![of_sns(request)],
            signing_name::SQS => vec![of_sqs(request)],
            _ => Vec::new(),
        };
        let mut accesses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (action, resource) in asked {
            accesses.insert(Access { caller: caller.to_owned(), action, resource });
        }
    }
}

fn of_connections(request: &ServiceRequest) -> (String, String) {
    let path = request.uri().path();
    let stageless = path.find("/@connections/").map_or(path, |start| &path[start..]);
    ("execute-api:ManageConnections".to_owned(), format!("{}{stageless}", request.method()))
}

/// Access of an SNS request. Endpoints of an application are one resource, which a policy names with an asterisk:
/// `app/GCM/name` or `endpoint/GCM/name/*`.
fn of_sns(request: &ServiceRequest) -> (String, String) {
    let form = Form::parse(request.body());
    let arns = ["TargetArn", "EndpointArn", "PlatformApplicationArn"].map(|name| form.field(name));
    let arn = arns.into_iter().flatten().next().unwrap_or_default();
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let resource = match resource.rsplit_once('/') {
        Some((application, _)) if resource.starts_with("endpoint/") => format!("{application}/*"),
        _ => resource.to_owned(),
    };
    (format!("sns:{}", form.field("Action").unwrap_or_default()), resource)
}

fn of_sqs(request: &ServiceRequest) -> (String, String) {
    let body = serde_json::from_slice::<Map<String, Value>>(request.body()).unwrap_or_default();
    let url = body.get("QueueUrl").and_then(Value::as_str).unwrap_or_default();
    let queue = url.rsplit('/').next().unwrap_or_default();
    (format!("sqs:{}", operation(request).trim_end_matches("Batch")), queue.to_owned())
}

fn of_dynamodb(request: &ServiceRequest) -> Vec<(String, String)> {
    let Ok(body) = serde_json::from_slice::<Map<String, Value>>(request.body()) else { return Vec::new() };
    let one = |operation: &str, table: &str| (format!("dynamodb:{operation}"), table.to_owned());
    let operation = operation(request);
    if let Some(tables) = body.get("RequestItems").and_then(Value::as_object) {
        return tables.keys().map(|table| one(operation, table)).collect();
    }
    let Some(items) = body.get("TransactItems").and_then(Value::as_array) else {
        let table = body.get("TableName").and_then(Value::as_str).unwrap_or_default();
        return vec![one(operation, table)];
    };
    let actions = items.iter().filter_map(Value::as_object).flatten();
    actions
        .map(|(kind, action)| {
            let operation = if kind == "ConditionCheck" {
                "ConditionCheckItem".to_owned()
            } else {
                format!("{kind}Item")
            };
            one(&operation, action.get("TableName").and_then(Value::as_str).unwrap_or_default())
        })
        .collect()
}
