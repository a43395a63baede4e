//! Pauses between the attempts of a call.

use confab_domain::Attempts as Pauses;

/// Attempts of one call. The pauses between them are random and grow, so that callers that collided do not collide
/// again.
#[derive(Debug)]
pub(crate) struct Attempts(Pauses);

impl Attempts {
    /// Attempts of a writer that lost a race to another one. The second attempt follows without a pause.
    pub(crate) fn racing(max: u32) -> Self {
        Self(Pauses::racing(max, seed()))
    }

    /// Attempts that wait for something short: the end of a transaction, or a throttled table.
    pub(crate) fn waiting(max: u32) -> Self {
        Self(Pauses::waiting(max, seed()))
    }

    /// Waits until the next attempt may begin; false after the last.
    pub(crate) async fn next(&mut self) -> bool {
        let Some(pause) = self.0.next_pause() else { return false };
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        true
    }
}

/// Seed of the pauses. Without random numbers all callers pause alike, which costs more attempts and nothing else.
fn seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}
