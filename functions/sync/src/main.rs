//! Cold start of the `sync` function.

use std::sync::Arc;

use confab_app::Limiter;
use confab_app::delivery::typing::Typists;
use confab_aws::queue_sqs::SqsPushQueue;
use confab_lambda::{clients, observability};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use sync::{SyncFunction, config::Config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = SyncFunction {
        gateway: clients::gateway(&sdk, config.connections_endpoint),
        push: SqsPushQueue::new(clients::sqs(&sdk), config.push_queue_url),
        presence: clients::presence(&sdk, config.presence_queue_url, config.heartbeat),
        store: clients::store(&sdk, config.tables),
        retention: config.retention,
        typists: Typists::default(),
        limiter: Arc::new(Limiter::new(config.rates)),
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(Box::pin(function.handle(event.payload)).await)
    }))
    .await
}
