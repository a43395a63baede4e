//! Limits on the concurrent requests of one user, within a process.

use std::pin::pin;
use std::time::Duration;

use confab_domain::{Refusal, UserId};
use futures_util::future::{self, Either};

use crate::limits::keyed_semaphore::{KeyedSemaphore, Permit};
use crate::ports::Sleeper;

/// Handshakes of one user that a process judges side by side: no budget counts the handshakes of a login that has
/// ended, and each of them reads the login.
const HANDSHAKES_CONCURRENT_MAX: usize = 4;

/// How long a request waits for its permit: far less than a function runs. So a user with too many concurrent
/// requests gets a refusal, and not an unknown outcome; and a call that gets its permit has time left to finish.
pub(crate) const PERMIT_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long a change waits for its permit. Changes have limits of their own, and a burst within them has to pass.
/// After the wait, a function has four seconds left to make the change.
pub(crate) const CHANGE_WAIT_MAX: Duration = Duration::from_secs(8);

/// Permits for each user, with a limited wait.
#[derive(Debug)]
pub struct UserPermits {
    semaphore: KeyedSemaphore<UserId>,
    wait_max: Duration,
}

impl UserPermits {
    /// The permits of handshakes.
    pub fn of_handshakes() -> Self {
        Self::new(HANDSHAKES_CONCURRENT_MAX, PERMIT_WAIT_MAX)
    }

    /// Creates `permits` permits for each user, with a wait of at most `wait_max`.
    pub(crate) fn new(permits: usize, wait_max: Duration) -> Self {
        Self { semaphore: KeyedSemaphore::new(permits), wait_max }
    }

    /// Waits a limited time for one of the user's permits.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then no request waits behind this one.
    pub async fn acquire(&self, user: UserId, sleeper: &dyn Sleeper) -> Result<Permit<'_, UserId>, Refusal> {
        let entered = pin!(self.semaphore.acquire(user));
        match future::select(entered, sleeper.sleep(self.wait_max)).await {
            Either::Left((permit, _)) => Ok(permit),
            // When a permit becomes free is unknown.
            Either::Right(((), _)) => Err(Refusal::RateLimited { retry_after: PERMIT_WAIT_MAX }),
        }
    }

    /// Whether no permit is held or waited for.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.semaphore.is_idle()
    }
}
