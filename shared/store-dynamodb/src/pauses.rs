//! Waiting between tries.

use confab_domain::Attempts as Pauses;

/// The tries of one call, with a pause between them that is longer each time, and a random part of it, so that callers
/// do not meet again.
#[derive(Debug)]
pub(crate) struct Attempts(Pauses);

impl Attempts {
    /// Tries of a writer that another one was faster than: the second one follows at once.
    pub(crate) fn racing(max: u32) -> Self {
        Self(Pauses::racing(max, seed()))
    }

    /// Tries of what takes a moment: a transaction to end, a throttled table to serve.
    pub(crate) fn waiting(max: u32) -> Self {
        Self(Pauses::waiting(max, seed()))
    }

    /// Waits until the next try may be made; false after the last.
    pub(crate) async fn next(&mut self) -> bool {
        let Some(pause) = self.0.next_pause() else { return false };
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        true
    }
}

/// Without random numbers all wait alike, and the next try is as good as the one before.
fn seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}
