//! SQS's JSON 1.0 protocol.

use http::{HeaderValue, header};
use serde::Serialize;

use super::{
    Sqs,
    operations::{messages, moves, queues, receive::Receive},
    protocol::read,
    refusal::Refusal,
};
use crate::{
    ServiceRequest, ServiceResponse,
    wire::{self, Scope},
};

/// Executes one request and answers as SQS does.
pub(super) async fn answer(sqs: &Sqs, request: &ServiceRequest) -> ServiceResponse {
    let mut response = match execute(sqs, request).await {
        Ok(body) => ServiceResponse::new(body.into()),
        Err(refusal) => refusal.response(),
    };
    let json = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

async fn execute(sqs: &Sqs, request: &ServiceRequest) -> Result<Vec<u8>, Refusal> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let target = header("x-amz-target").unwrap_or_default();
    let operation = target.split_once('.').map_or("", |(_, operation)| operation);
    let authorization = header("authorization").unwrap_or_default();
    let Scope { region, .. } = wire::scope(authorization).unwrap_or_default();
    let body = request.body();
    macro_rules! operations {
        ($($name:literal => $function:path,)*) => {
            match operation {
                "ReceiveMessage" => json(&sqs.receive(&Receive::new(read(body)?)?).await?),
                $($name => {
                    let request = read(body)?;
                    json(&sqs.run(region, |account, call| $function(account, request, call)).await?)
                })*
                _ => Err(Refusal::unknown_operation()),
            }
        };
    }
    operations! {
        "ChangeMessageVisibility" => messages::change_visibility,
        "ChangeMessageVisibilityBatch" => messages::change_visibility_batch,
        "CreateQueue" => queues::create,
        "DeleteMessage" => messages::delete,
        "DeleteMessageBatch" => messages::delete_batch,
        "DeleteQueue" => queues::delete,
        "GetQueueAttributes" => queues::get_attributes,
        "GetQueueUrl" => queues::get_url,
        "ListMessageMoveTasks" => moves::list,
        "ListQueues" => queues::list,
        "PurgeQueue" => queues::purge,
        "SendMessage" => messages::send,
        "SendMessageBatch" => messages::send_batch,
        "SetQueueAttributes" => queues::set_attributes,
        "StartMessageMoveTask" => moves::start,
    }
}

fn json(answer: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(answer).map_err(|_| Refusal::internal())
}
