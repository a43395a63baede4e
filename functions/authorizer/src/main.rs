//! Cold start of the `authorizer` function.

use authorizer::{AuthorizerFunction, config::Config};
use confab_credentials::tokens_jwt::JwtTokens;
use confab_lambda::{clients, observability};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let secret = clients::secret(&sdk, &config.signing_secret_arn).await?;
    let function = AuthorizerFunction { tokens: JwtTokens::new(&secret)? };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| {
        std::future::ready(Ok::<_, Error>(function.handle(&event.payload)))
    }))
    .await
}
