//! Ports on services of AWS, but for the stores: those are in `confab-store-dynamodb`.
//!
//! | module | contents |
//! |---|---|
//! | [`gateway_apigw`] | open connections, through API Gateway |
//! | [`queue_sqs`] | queues of announcements, lease checks and pushes, in SQS |
//! | [`push_sns`] | pushes, through platform endpoints of SNS |
//! | [`sdk_errors`] | meaning of SDK failures for a use case, of every service |
//!
//! The modules of services must not know each other.

pub mod gateway_apigw;
pub mod push_sns;
pub mod queue_sqs;
pub mod sdk_errors;
