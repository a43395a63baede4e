//! The AWS SDK's HTTP transport inside the process: no socket, no container.
//!
//! An SDK client built over [`EmbeddedAws`] serialises, signs and parses as in
//! production; only the transport differs. Each request goes to the
//! [`Service`] registered for the service name in its signature.
//!
//! Knows: SigV4 credential scopes, the JSON 1.0 protocols of DynamoDB and SQS,
//! the DynamoDB emulator and how to run it beside an async runtime, and what a
//! standard queue does.
//! Must not know: chat, table layouts, configuration, regions, credentials.
//!
//! Start with [`EmbeddedAws`] (`transport.rs`), then [`Service`]
//! (`service.rs`), then [`DynamoDb`] (`dynamodb/`) and [`Sqs`] (`sqs/`, which
//! begins with `queue.rs`). [`Meter`] (`metering/`) counts what a call would
//! cost on AWS.

mod audit;
mod dynamodb;
mod metering;
mod service;
mod sqs;
mod transport;
mod wire;

pub use audit::{Access, Audit};
pub use dynamodb::{DynamoDb, DynamoDbError};
pub use metering::{Meter, Usage};
pub use service::{Service, ServiceFuture, ServiceRequest, ServiceResponse, signing_name};
pub use sqs::{Sqs, SqsError};
pub use transport::{EmbeddedAws, EmbeddedAwsBuilder};
