//! Cold start of the `default` function.

use std::sync::Arc;

use confab_app::Limiter;
use confab_lambda::observability;
use default::{DefaultFunction, config::Config};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let function = DefaultFunction { limiter: Arc::new(Limiter::new(Config::from_env()?.rates)) };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| {
        std::future::ready(Ok::<_, Error>(function.handle(&event.payload)))
    }))
    .await
}
