//! DynamoDB JSON 1.0 over the emulator's typed API.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{HeaderValue, StatusCode, header};

use crate::{ServiceRequest, ServiceResponse};

const UNKNOWN_OPERATION: &str = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;
const INTERNAL_ERROR: &str =
    r#"{"__type":"com.amazon.coral.service#InternalServerError","message":"The request failed."}"#;

/// Executes one request and answers as DynamoDB does.
///
/// A panic in the emulator becomes an `InternalServerError`.
pub(super) fn answer(database: &Database, request: &ServiceRequest) -> ServiceResponse {
    let operation = operation(request);
    catch_unwind(AssertUnwindSafe(|| match execute(database, operation, request.body()) {
        Some(Ok(body)) => respond(StatusCode::OK, body.into()),
        Some(Err(error)) => {
            let status = StatusCode::from_u16(error.status_code());
            respond(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error.to_json().into())
        }
        None => respond(StatusCode::BAD_REQUEST, Bytes::from_static(UNKNOWN_OPERATION.as_bytes())),
    }))
    .unwrap_or_else(|_| internal_error())
}

/// Answer of a service that has failed.
pub(super) fn internal_error() -> ServiceResponse {
    respond(StatusCode::INTERNAL_SERVER_ERROR, Bytes::from_static(INTERNAL_ERROR.as_bytes()))
}

fn respond(status: StatusCode, body: Bytes) -> ServiceResponse {
    let mut response = ServiceResponse::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

/// The operation, without the prefix that distinguishes DynamoDB from its Streams.
pub(crate) fn operation(request: &ServiceRequest) -> &str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.split_once('.')).map_or("", |(_, operation)| operation)
}

/// Executes an operation; `None` for one that the emulator lacks.
fn execute(database: &Database, operation: &str, body: &[u8]) -> Option<Result<String, DynoxideError>> {
    macro_rules! operations {
        ($($name:literal => $method:ident,)*) => {
            match operation {
                $($name => serde_json::from_slice(body)
                    .map_err(|error| unreadable(&error))
                    .and_then(|request| database.$method(request))
                    .and_then(|response| serde_json::to_string(&response).map_err(unwritable)),)*
                _ => return None,
            }
        };
    }
    Some(operations! {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeStream" => describe_stream,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "GetRecords" => get_records,
        "GetShardIterator" => get_shard_iterator,
        "ListStreams" => list_streams,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    })
}

/// Restores the error class of a request that cannot be read.
///
/// The emulator's readers pass it through serde as a prefix of the message.
/// Source: dynoxide 3.2.0, `serde_errors.rs`.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    match message.split_once(':') {
        Some(("VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ", reason)) => {
            DynoxideError::ValidationException(reason.to_owned())
        }
        Some(("SERIALIZATION" | "SERIALIZATION_AS_READ", reason)) => {
            DynoxideError::SerializationException(reason.to_owned())
        }
        _ => DynoxideError::SerializationException(message.to_owned()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "shaped for map_err")]
fn unwritable(error: serde_json::Error) -> DynoxideError {
    DynoxideError::InternalServerError(error.to_string())
}
