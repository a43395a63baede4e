//! Cold start of the `api` function.

use std::sync::Arc;

use api::{Api, WebSocketUrl, config::Config, event::readable};
use confab_app::Limiter;
use confab_app::messages::send_message::Writer;
use confab_aws::queue_sqs::{SqsFanOutQueue, SqsPushQueue};
use confab_credentials::passwords_argon2::Argon2Passwords;
use confab_credentials::tokens_jwt::JwtTokens;
use confab_lambda::{clients, observability, sleeper};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, LambdaEvent, Service, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observability::init();
    let config = Config::from_env()?;
    let sdk = clients::sdk_config().await;
    let secret = clients::secret(&sdk, &config.signing_secret_arn).await?;
    let api = Api {
        gateway: clients::gateway(&sdk, config.connections_endpoint),
        queue: SqsFanOutQueue::new(clients::sqs(&sdk), config.fan_out_queue_url),
        push: clients::push(&sdk, config.applications),
        push_queue: SqsPushQueue::new(clients::sqs(&sdk), config.push_queue_url),
        presence: clients::presence(&sdk, config.presence_queue_url, config.heartbeat),
        store: clients::store(&sdk, config.tables),
        passwords: Argon2Passwords::new(1),
        tokens: JwtTokens::new(&secret)?,
        writer: Writer::new(config.retention, sleeper::sleeper()),
        signup_mode: config.signup_mode,
        rates: config.rates,
        changes: config.changes,
        limiter: Arc::new(Limiter::new(config.budgets)),
        websocket_url: WebSocketUrl::Fixed(config.websocket_url),
    };
    let router = api::router(api);
    let answer = move |event: LambdaEvent<LambdaRequest>| {
        let event = LambdaEvent::new(readable(event.payload), event.context);
        Adapter::from(router.clone()).call(event)
    };
    lambda_runtime::run(service_fn(answer)).await
}
