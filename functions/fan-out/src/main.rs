//! Cold start of the `fan-out` function.

use std::sync::Arc;

use confab_aws::queue_sqs::{SourceQueue, SqsFanOutQueue, SqsPushQueue};
use confab_lambda::{clients, observability};
use fan_out::{FanOutFunction, config::Config};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = FanOutFunction {
        gateway: clients::gateway(&sdk, config.connections_endpoint),
        store: clients::store(&sdk, config.tables),
        push: SqsPushQueue::new(clients::sqs(&sdk), config.push_queue_url),
        policy: config.heartbeat,
        queue: SqsFanOutQueue::new(clients::sqs(&sdk), config.fan_out_queue_url.clone()),
        probes: Arc::default(),
        source: SourceQueue::new(clients::sqs(&sdk), config.fan_out_queue_url, config.dead_letter_queue_url),
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(function.handle(event.payload).await)
    }))
    .await
}
