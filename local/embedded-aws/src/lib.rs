//! The AWS SDK's HTTP transport inside the process: no socket, no container.
//!
//! An SDK client built over [`EmbeddedAws`] serialises, signs and parses as in production; only the transport differs.
//! Each request goes to the [`Service`] registered for the service name in its signature.
//!
//! Knows: SigV4 credential scopes, the JSON 1.0 protocols of DynamoDB and SQS, the Query protocol of SNS, the DynamoDB
//! emulator and how to run it beside an async runtime, the behaviour of a standard queue, and of SNS for mobile push.
//! Must not know: chat, table layouts, configuration, regions, credentials.
//!
//! Start with [`EmbeddedAws`] (`transport.rs`), then [`Service`] (`service.rs`), then [`DynamoDb`] (`dynamodb/`),
//! [`Sqs`] (`sqs/`, which begins with `queue.rs`) and [`Sns`] (`sns/`, which begins with `operations/`). [`Meter`]
//! (`metering/`) counts the cost of a call on AWS.

mod audit;
mod clock;
mod dynamodb;
mod metering;
mod random_id;
mod service;
mod sns;
mod sqlite;
mod sqs;
mod transport;
mod wire;

pub use audit::{Access, Audit};
pub use dynamodb::{DynamoDb, DynamoDbError};
pub use metering::{Meter, Usage};
pub use service::{Service, ServiceFuture, ServiceRequest, ServiceResponse, signing_name};
pub use sns::{Published, Sns, SnsError};
pub use sqs::{Sqs, SqsError};
pub use transport::{EmbeddedAws, EmbeddedAwsBuilder};
