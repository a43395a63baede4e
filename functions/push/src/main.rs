//! Cold start of the `push` function.

use confab_aws::queue_sqs::{SourceQueue, SqsPushQueue};
use confab_lambda::{clients, observability};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use push::{PushFunction, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = PushFunction {
        push: clients::push(&sdk, config.applications),
        queue: SqsPushQueue::new(clients::sqs(&sdk), config.push_queue_url.clone()),
        source: SourceQueue::new(clients::sqs(&sdk), config.push_queue_url, config.dead_letter_queue_url),
        store: clients::store(&sdk, config.tables),
        preview: config.preview,
        retention: config.retention,
        policy: config.heartbeat,
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(function.handle(event.payload).await)
    }))
    .await
}
