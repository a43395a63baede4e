//! Sleeping without a clock.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use confab_app::ports::Sleeper;

use crate::yield_once;

/// A sleeper that yields once for each millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct YieldingSleeper;

impl Sleeper for YieldingSleeper {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            for _ in 0..duration.as_millis() {
                yield_once().await;
            }
        })
    }
}
