//! Cold start of the `send` function.

use std::sync::Arc;

use confab_app::Limiter;
use confab_app::messages::send_message::Writer;
use confab_aws::queue_sqs::{SqsFanOutQueue, SqsPushQueue};
use confab_lambda::{clients, observability, sleeper};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use send::{SendFunction, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = SendFunction {
        gateway: clients::gateway(&sdk, config.connections_endpoint),
        queue: SqsFanOutQueue::new(clients::sqs(&sdk), config.fan_out_queue_url),
        push: SqsPushQueue::new(clients::sqs(&sdk), config.push_queue_url),
        presence: clients::presence(&sdk, config.presence_queue_url, config.heartbeat),
        store: clients::store(&sdk, config.tables),
        writer: Writer::new(config.retention, sleeper::sleeper()),
        limiter: Arc::new(Limiter::new(config.rates)),
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(Box::pin(function.handle(event.payload)).await)
    }))
    .await
}
