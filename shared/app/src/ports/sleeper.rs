//! Pauses.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Pauses a use case, which has no clock.
pub trait Sleeper: fmt::Debug + Send + Sync {
    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
