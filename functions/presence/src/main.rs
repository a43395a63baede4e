//! Cold start of the `presence` function.

use confab_aws::queue_sqs::{SourceQueue, SqsPushQueue};
use confab_lambda::{clients, observability};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use presence::{PresenceFunction, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = PresenceFunction {
        gateway: clients::gateway(&sdk, config.connections_endpoint),
        push: SqsPushQueue::new(clients::sqs(&sdk), config.push_queue_url),
        source: SourceQueue::new(
            clients::sqs(&sdk),
            config.presence_queue_url.clone(),
            config.dead_letter_queue_url,
        ),
        presence: clients::presence(&sdk, config.presence_queue_url, config.heartbeat),
        store: clients::store(&sdk, config.tables),
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(function.handle(event.payload).await)
    }))
    .await
}
