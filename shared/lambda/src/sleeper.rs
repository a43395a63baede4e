//! Pauses of use cases.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use confab_app::ports::Sleeper;

/// Sleeps by the timer of the runtime.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeSleeper;

impl Sleeper for RuntimeSleeper {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        // A timer of no length would still wait for its next tick.
        if duration.is_zero() {
            Box::pin(std::future::ready(()))
        } else {
            Box::pin(tokio::time::sleep(duration))
        }
    }
}

/// Returns the sleeper of every function.
pub fn sleeper() -> Arc<dyn Sleeper> {
    Arc::new(RuntimeSleeper)
}
