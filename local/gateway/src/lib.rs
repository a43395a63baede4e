//! A local API Gateway: one WebSocket API and one HTTP API with Lambda proxy integrations, in one process, over plain
//! TCP.
//!
//! Knows: the events that API Gateway sends to Lambda functions, what it does with their answers, its limits, and
//! `@connections`, the data plane by which functions reach open sockets.
//! Must not know: what the functions do, how they run, or what a message means. A function is a name and two JSON
//! documents, see [`Functions`].
//!
//! ```no_run
//! use bytes::Bytes;
//! use confab_local_gateway::{Functions, Gateway, GatewayConfig, InvokeError, Route, WebSocketApi};
//!
//! struct Echo;
//!
//! impl Functions for Echo {
//!     async fn invoke(&self, _function: &str, _event: Bytes) -> Result<Bytes, InvokeError> {
//!         Ok(Bytes::from_static(br#"{"statusCode":200,"body":"hello"}"#))
//!     }
//! }
//!
//! # async fn example() -> std::io::Result<()> {
//! let mut config = GatewayConfig::default();
//! config.websocket = Some(WebSocketApi::new("/ws", vec![Route::new("$default", "echo").answering()]));
//! let gateway = Gateway::bind(config, ([127, 0, 0, 1], 8080).into()).await?;
//! // Functions that post to sockets are built with `gateway.connections()`.
//! gateway.serve(Echo, std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! Start with [`Gateway`], then `websocket/session.rs`: one open socket.
//!
//! Some behaviour of AWS is not documented. The item that needs such a behaviour states what it does instead.

mod clock;
mod config;
mod connections;
mod functions;
mod gateway;
mod headers;
mod http_api;
mod ids;
mod query;
mod scalar;
mod shared;
mod tasks;
mod websocket;
mod well_formed;

pub use config::{Cors, GatewayConfig, HttpApi, Limits, Route, WebSocketApi};
pub use connections::{ConnectionInfo, Connections, PostError};
pub use functions::{Functions, InvokeError};
pub use gateway::Gateway;
