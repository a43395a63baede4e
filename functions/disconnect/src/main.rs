//! Cold start of the `disconnect` function.

use confab_lambda::{clients, observability};
use disconnect::{DisconnectFunction, config::Config};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let function = DisconnectFunction { store: clients::store(&sdk, config.tables) };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(Box::pin(function.handle(event.payload)).await)
    }))
    .await
}
