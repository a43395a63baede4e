//! Refusals of requests, in the words of SQS.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::ServiceResponse;

/// An error answer.
///
/// SQS once had a query protocol with other codes, and SDKs still distinguish its errors by those codes: they are sent
/// in the header `x-amzn-query-error`.
///
/// Source: Smithy documentation, "AWS query compatible trait"; codes and messages from the Amazon SQS API Reference,
/// "Common Error Types" and the errors of each action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Name of the shape, for JSON clients.
    kind: &'static str,
    /// Code of the query protocol.
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) is_callers_fault: bool,
}

impl Refusal {
    fn new(kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), is_callers_fault: true }
    }

    pub(super) fn no_such_queue() -> Self {
        let code = "AWS.SimpleQueueService.NonExistentQueue";
        Self::new("QueueDoesNotExist", code, "The specified queue does not exist.")
    }

    pub(super) fn queue_exists(attribute: &str) -> Self {
        let reason = "A queue already exists with the same name and a different value for attribute";
        Self::new("QueueNameExists", "QueueAlreadyExists", format!("{reason} {attribute}"))
    }

    pub(super) fn unknown_attribute(name: &str) -> Self {
        Self::new("InvalidAttributeName", "InvalidAttributeName", format!("Unknown Attribute {name}."))
    }

    pub(super) fn attribute_value(name: &str) -> Self {
        let message = format!("Invalid value for the parameter {name}.");
        Self::new("InvalidAttributeValue", "InvalidAttributeValue", message)
    }

    pub(super) fn parameter(name: &str, reason: &str) -> Self {
        let message = format!("Value for parameter {name} is invalid. Reason: {reason}");
        Self::new("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(super) fn missing(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}.");
        Self::new("MissingRequiredParameterException", "MissingParameter", message)
    }

    pub(super) fn message_contents() -> Self {
        let message = "Invalid characters were found in the message body.";
        Self::new("InvalidMessageContents", "InvalidMessageContents", message)
    }

    pub(super) fn receipt_handle() -> Self {
        let message = "The input receipt handle is invalid.";
        Self::new("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message)
    }

    pub(super) fn not_in_flight() -> Self {
        let code = "AWS.SimpleQueueService.MessageNotInflight";
        Self::new("MessageNotInflight", code, "The message referred to is not in flight.")
    }

    pub(super) fn empty_batch() -> Self {
        let message = "There should be at least one entry in the request.";
        Self::new("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", message)
    }

    pub(super) fn too_many_entries(limit: usize, count: usize) -> Self {
        let message = format!("Maximum number of entries per request are {limit}. You have sent {count}.");
        let code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        Self::new("TooManyEntriesInBatchRequest", code, message)
    }

    pub(super) fn entry_ids_not_distinct(id: &str) -> Self {
        let code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
        Self::new("BatchEntryIdsNotDistinct", code, format!("Id {id} repeated."))
    }

    pub(super) fn entry_id() -> Self {
        let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                       It can be at most 80 letters long.";
        Self::new("InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId", message)
    }

    pub(super) fn batch_too_long(limit: usize, bytes: usize) -> Self {
        let message =
            format!("Batch requests cannot be longer than {limit} bytes. You have sent {bytes} bytes.");
        Self::new("BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", message)
    }

    pub(super) fn no_such_resource(message: &str) -> Self {
        Self::new("ResourceNotFoundException", "ResourceNotFoundException", message)
    }

    pub(super) fn unsupported(message: &str) -> Self {
        Self::new("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", message)
    }

    pub(super) fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "InvalidAction", "The operation is not known.")
    }

    pub(super) fn unreadable(message: String) -> Self {
        Self::new("SerializationException", "MalformedInput", message)
    }

    /// The outcome is unknown to the caller, which may retry.
    pub(super) fn internal() -> Self {
        let refusal = Self::new("InternalError", "InternalError", "The request failed.");
        Self { is_callers_fault: false, ..refusal }
    }

    pub(super) fn response(&self) -> ServiceResponse {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.kind), "message": self.message });
        let mut response = ServiceResponse::new(Bytes::from(body.to_string()));
        let (status, fault) = match self.is_callers_fault {
            true => (StatusCode::BAD_REQUEST, "Sender"),
            false => (StatusCode::INTERNAL_SERVER_ERROR, "Receiver"),
        };
        *response.status_mut() = status;
        if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", self.code)) {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}
