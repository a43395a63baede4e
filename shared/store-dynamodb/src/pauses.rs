//! Waiting between tries.

use std::time::Duration;

use confab_domain::Backoff;

/// Waits longer each time, and a random part of it, so that callers do not meet again.
#[derive(Debug)]
pub(crate) struct Pauses(Backoff);

impl Default for Pauses {
    fn default() -> Self {
        // Without random numbers all wait alike, and the next try is as good as the one before.
        Self(Backoff::new(getrandom::u64().unwrap_or_default()))
    }
}

impl Pauses {
    /// Waits for what takes a moment: a transaction to end, a throttled table to serve.
    pub(crate) async fn wait(&mut self) {
        sleep(self.0.pause()).await;
    }

    /// Waits after another writer was first; not after the first time.
    pub(crate) async fn wait_after_lost_race(&mut self) {
        sleep(self.0.after_lost_race()).await;
    }
}

async fn sleep(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}
