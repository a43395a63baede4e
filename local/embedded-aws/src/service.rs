//! Interface between the transport and an embedded backend.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;

/// Number of the account, in ARNs and URLs.
pub(crate) const ACCOUNT_ID: &str = "000000000000";

/// A signed SDK request with its body collected.
///
/// The path and the query are as sent, percent-encoding included.
pub type ServiceRequest = http::Request<Bytes>;

/// A complete answer. The SDK reads the status, the headers and the body as if AWS had sent them.
pub type ServiceResponse = http::Response<Bytes>;

/// An answer that is under way.
pub type ServiceFuture = Pin<Box<dyn Future<Output = ServiceResponse> + Send>>;

/// One AWS service, inside the process.
///
/// A service answers every request: a refusal is a response with an error status in the service's own format. Services
/// compose, so metering or fault injection is a `Service` around a `Service`.
pub trait Service: Send + Sync + 'static {
    /// Answers one request.
    ///
    /// The future should suspend at least once before it completes. An SDK call over a transport that is always ready
    /// never suspends, so a task with many such calls keeps its worker thread from all other tasks.
    fn call(&self, request: ServiceRequest) -> ServiceFuture;
}

impl<S: Service + ?Sized> Service for Arc<S> {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        (**self).call(request)
    }
}

/// Names that SDK clients sign with, which are also the keys of registrations.
pub mod signing_name {
    /// DynamoDB and DynamoDB Streams.
    pub const DYNAMODB: &str = "dynamodb";
    /// API Gateway's `@connections`.
    pub const EXECUTE_API: &str = "execute-api";
    /// SNS.
    pub const SNS: &str = "sns";
    /// SQS.
    pub const SQS: &str = "sqs";
}
