//! Cold start of the `connect` function.

use confab_app::UserPermits;
use confab_lambda::{clients, observability};
use connect::{ConnectFunction, config::Config};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = ConnectFunction {
        gateway: clients::gateway(&sdk, config.connections_endpoint),
        store: clients::store(&sdk, config.tables),
        presence: clients::presence(&sdk, config.presence_queue_url, config.heartbeat),
        handshakes: UserPermits::of_handshakes(),
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(Box::pin(function.handle(event.payload)).await)
    }))
    .await
}
