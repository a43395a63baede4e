//! Cold start of the `push-platforms` function.

use std::collections::HashMap;

use confab_app::ports::StoreError;
use confab_aws::push_sns::platforms::Platforms;
use confab_lambda::{clients, observability};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use push_platforms::{Cloud, handle};

/// Secrets Manager and SNS.
struct Aws<'a> {
    config: &'a clients::SdkConfig,
    platforms: Platforms,
}

impl Cloud for Aws<'_> {
    async fn secret(&self, arn: &str) -> Result<String, Error> {
        clients::secret(self.config, arn).await
    }

    async fn put(&self, arn: &str, attributes: HashMap<String, String>) -> Result<(), StoreError> {
        self.platforms.put(arn, attributes).await
    }

    async fn delete(&self, arn: &str) -> Result<(), StoreError> {
        self.platforms.delete(arn).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = clients::sdk_config().await;
    let aws = Aws { platforms: clients::platforms(&config), config: &config };
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| handle(&aws, event.payload))).await
}
