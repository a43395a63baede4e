//! The interface between the gateway and the Lambda functions.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

/// Runs Lambda functions by name.
pub trait Functions: Send + Sync + 'static {
    /// Returns the key of a message's order. Messages of one connection with the same key are handled one after
    /// another, in the order of arrival. All others, and those of different connections, run side by side.
    fn order_key(&self, function: &str, event: &[u8]) -> Option<String> {
        let _ = (function, event);
        None
    }

    /// Invokes `function` with `event` and returns its answer, both JSON.
    ///
    /// The gateway calls it concurrently, for messages of one connection too, unless [`Functions::order_key`] orders
    /// them. The gateway polls the returned future to its end, also after the client has left; a shutdown waits for it
    /// no longer than [`Limits::shutdown_grace`].
    ///
    /// # Errors
    ///
    /// [`InvokeError`] if there is no answer. A refusal that the function decides on, such as a status code of 403, is
    /// an answer.
    ///
    /// [`Limits::shutdown_grace`]: crate::Limits::shutdown_grace
    fn invoke(&self, function: &str, event: Bytes)
    -> impl Future<Output = Result<Bytes, InvokeError>> + Send;
}

impl<F: Functions> Functions for Arc<F> {
    fn order_key(&self, function: &str, event: &[u8]) -> Option<String> {
        (**self).order_key(function, event)
    }

    fn invoke(
        &self,
        function: &str,
        event: Bytes,
    ) -> impl Future<Output = Result<Bytes, InvokeError>> + Send {
        (**self).invoke(function, event)
    }
}

/// Reason why an invocation has no answer. Its text is logged and never sent to a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The function returned an error; `message` is Lambda's `errorMessage`.
    /// An authorizer that fails with `Unauthorized` refuses with status 401.
    #[error("function failed: {message}")]
    Failed { message: String },
    /// A panic in the function, or in the code that ran it.
    #[error("function panicked")]
    Panicked,
    /// The answer is larger than Lambda passes on. The function has done its work.
    #[error("the answer of {bytes} bytes is too large")]
    TooLarge { bytes: usize },
    /// No answer in time. The function may have done its work.
    #[error("function timed out")]
    TimedOut,
}
