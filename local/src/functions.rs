//! The functions, by name, as Lambda invokes them.

use std::fmt::Display;
use std::future::Future;

use api::{Api, event::readable};
use authorizer::AuthorizerFunction;
use axum::Router;
use bytes::Bytes;
use confab_lambda::apart::apart;
use confab_local_gateway::{Functions, InvokeError};
use connect::ConnectFunction;
use default::DefaultFunction;
use disconnect::DisconnectFunction;
use fan_out::FanOutFunction;
use heartbeat::HeartbeatFunction;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service};
use presence::PresenceFunction;
use push::PushFunction;
use send::SendFunction;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync::SyncFunction;

use crate::frame_order;

/// All functions of the product.
pub(crate) struct LocalFunctions {
    pub(crate) authorizer: AuthorizerFunction,
    pub(crate) connect: ConnectFunction,
    pub(crate) disconnect: DisconnectFunction,
    pub(crate) heartbeat: HeartbeatFunction,
    pub(crate) fan_out: FanOutFunction,
    pub(crate) presence: PresenceFunction,
    pub(crate) push: PushFunction,
    pub(crate) send: SendFunction,
    pub(crate) sync: SyncFunction,
    pub(crate) default: DefaultFunction,
    pub(crate) api: Router,
}

impl LocalFunctions {
    /// The router of the `api` function.
    pub(crate) fn api_router(api: Api) -> Router {
        api::router(api)
    }
}

impl Functions for LocalFunctions {
    fn order_key(&self, function: &str, event: &[u8]) -> Option<String> {
        matches!(function, "send" | "sync").then(|| frame_order::order_key(event)).flatten()
    }

    async fn invoke(&self, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        match function {
            "send" => run(&event, |event| self.send.handle(event)).await,
            "heartbeat" => run(&event, |event| self.heartbeat.handle(event)).await,
            "sync" => run(&event, |event| self.sync.handle(event)).await,
            "fan-out" => run(&event, |event| self.fan_out.handle(event)).await,
            "presence" => run(&event, |event| self.presence.handle(event)).await,
            "push" => run(&event, |event| self.push.handle(event)).await,
            "connect" => run(&event, |event| self.connect.handle(event)).await,
            "disconnect" => run(&event, |event| self.disconnect.handle(event)).await,
            "authorizer" => run(&event, |request| std::future::ready(self.authorizer.handle(&request))).await,
            "default" => run(&event, |event| std::future::ready(self.default.handle(&event))).await,
            "api" => self.call_api(event).await,
            _ => Err(failed("no such function")),
        }
    }
}

impl LocalFunctions {
    async fn call_api(&self, event: Bytes) -> Result<Bytes, InvokeError> {
        let bytes = event.len();
        let request = move || serde_json::from_slice(&event).map(LambdaRequest::ApiGatewayV2);
        let request = apart(bytes, request).await.map_err(failed)?;
        let event = LambdaEvent::new(readable(request), Context::default());
        let response = Adapter::from(self.api.clone()).call(event);
        json(&response.await.map_err(failed)?)
    }
}

/// Runs a handler on the JSON of an event; returns the JSON of its answer.
async fn run<E: DeserializeOwned, R: Serialize, F: Future<Output = R>>(
    event: &Bytes,
    handle: impl FnOnce(E) -> F,
) -> Result<Bytes, InvokeError> {
    let event = serde_json::from_slice(event).map_err(failed)?;
    json(&handle(event).await)
}

fn json(answer: &impl Serialize) -> Result<Bytes, InvokeError> {
    serde_json::to_vec(answer).map(Bytes::from).map_err(failed)
}

fn failed(error: impl Display) -> InvokeError {
    InvokeError::Failed { message: error.to_string() }
}
