//! Cold start of the `heartbeat` function.

use std::sync::Arc;

use confab_app::Limiter;
use confab_lambda::{clients, observability};
use heartbeat::{HeartbeatFunction, config::Config};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = HeartbeatFunction {
        gateway: clients::gateway(&sdk, config.connections_endpoint),
        presence: clients::presence(&sdk, config.presence_queue_url, config.heartbeat),
        store: clients::store(&sdk, config.tables),
        limiter: Arc::new(Limiter::new(config.rates)),
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(Box::pin(function.handle(event.payload)).await)
    }))
    .await
}
