//! State that all requests and sockets of a running gateway share.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use bytes::Bytes;
use futures_util::FutureExt as _;
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch},
    time::timeout,
};

use crate::{
    config::{GatewayConfig, Limits},
    connections::Connections,
    functions::{Functions, InvokeError},
    tasks::Tasks,
    websocket::Routes,
};

pub(crate) struct Shared<F> {
    pub(crate) config: GatewayConfig,
    pub(crate) functions: F,
    pub(crate) connections: Connections,
    pub(crate) routes: Routes,
    pub(crate) phase: watch::Receiver<Phase>,
    /// One permit for each byte of a request body.
    pub(crate) body_room: Arc<Semaphore>,
    /// One permit: large bodies become events one after another.
    pub(crate) large_event: Arc<Semaphore>,
    /// One task for each HTTP connection.
    pub(crate) requests: Tasks,
    /// One task for each socket, from its handshake to the end of `$disconnect`.
    pub(crate) sockets: Tasks,
    pub(crate) invocations: Tasks,
}

/// A connection's place among [`Limits::connections_max`], held until its socket has ended.
#[derive(Clone)]
pub(crate) struct Place(
    #[expect(dead_code, reason = "counts while it lives")] pub(crate) Arc<OwnedSemaphorePermit>,
);

/// Progress of a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Running,
    /// Work in flight ends, none begins.
    Draining,
    /// Sockets close.
    Closing,
}

impl Phase {
    /// Returns once the gateway is in this phase, or in a later one.
    pub(crate) async fn reached(self, mut watched: watch::Receiver<Self>) {
        // A gateway that was dropped while it served has ended too.
        drop(watched.wait_for(|phase| *phase >= self).await);
    }
}

impl<F: Functions> Shared<F> {
    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Invokes a function and returns its answer, or gives up after the integration timeout. The function runs to its
    /// end even if the caller is dropped, as a Lambda does when a client leaves.
    pub(crate) async fn invoke(self: &Arc<Self>, function: &str, event: Bytes) -> Result<Bytes, InvokeError> {
        let (sender, receiver) = oneshot::channel();
        let (shared, function) = (Arc::clone(self), function.to_owned());
        self.invocations.spawn(async move {
            // If the client has left, no receiver waits for the answer.
            let deliver = async |answer| drop(sender.send(answer));
            shared.invoke_here(&function, event, deliver).await;
        });
        receiver.await.unwrap_or(Err(InvokeError::Panicked))
    }

    /// Invokes a function, delivers its answer or its failure, and returns when the function has ended, which is later
    /// after a timeout. Call it in a task of `invocations`.
    pub(crate) async fn invoke_here<D: Future<Output = ()>>(
        &self,
        function: &str,
        event: Bytes,
        deliver: impl FnOnce(Result<Bytes, InvokeError>) -> D,
    ) {
        let invocation = AssertUnwindSafe(self.functions.invoke(function, event)).catch_unwind();
        let mut invocation = std::pin::pin!(invocation);
        let answer = match timeout(self.limits().integration_timeout, &mut invocation).await {
            Ok(Ok(Ok(answer))) if answer.len() > self.limits().function_answer_bytes_max => {
                Err(InvokeError::TooLarge { bytes: answer.len() })
            }
            Ok(Ok(answer)) => answer,
            Ok(Err(_panic)) => Err(InvokeError::Panicked),
            Err(_elapsed) => {
                tracing::warn!(function, "gave up waiting for {function}");
                deliver(Err(InvokeError::TimedOut)).await;
                drop(invocation.await);
                return;
            }
        };
        if let Err(error) = &answer {
            tracing::warn!(function, %error, "{function} gave no answer");
        }
        deliver(answer).await;
    }
}

/// The JSON of a value whose serialisation cannot fail: all keys are strings.
pub(crate) fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("events and answers have string keys only").into()
}
