//! Waiting.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Lets time pass; use cases have no clock.
pub trait Sleeper: fmt::Debug + Send + Sync {
    /// Waits for so long.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
