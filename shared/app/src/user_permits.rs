//! What of one user is under way at once, within a process.

use std::pin::pin;
use std::time::Duration;

use confab_domain::{Refusal, UserId};
use futures_util::future::{self, Either};

use crate::keyed_semaphore::{KeyedSemaphore, Permit};
use crate::ports::Sleeper;

/// Handshakes of one user that a process judges side by side: no budget counts those of a login that has ended, and each
/// is looked up.
const HANDSHAKES_CONCURRENT_MAX: usize = 4;

/// How long somebody waits for their turn: far less than a function runs, so that whoever asks for more at once than is
/// done for them is told so, and not that the outcome is unknown; and after it a call has time left to be carried out.
pub(crate) const PERMIT_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long a change waits for its turn. Changes have limits of their own, and a burst within these is to pass; after it a
/// function has four seconds left to make the change.
pub(crate) const CHANGE_WAIT_MAX: Duration = Duration::from_secs(8);

/// Places of each user, for which who comes waits but for a while.
#[derive(Debug)]
pub struct UserPermits {
    semaphore: KeyedSemaphore<UserId>,
    wait_max: Duration,
}

impl UserPermits {
    /// Those of handshakes.
    pub fn of_handshakes() -> Self {
        Self::new(HANDSHAKES_CONCURRENT_MAX, PERMIT_WAIT_MAX)
    }

    /// One with so many places for each user, for which they wait so long.
    pub(crate) fn new(permits: usize, wait_max: Duration) -> Self {
        Self { semaphore: KeyedSemaphore::new(permits), wait_max }
    }

    /// Waits, but not for long, until one of the user's places is free.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then nobody waits behind it.
    pub async fn acquire(&self, user: UserId, sleeper: &dyn Sleeper) -> Result<Permit<'_, UserId>, Refusal> {
        let entered = pin!(self.semaphore.acquire(user));
        match future::select(entered, sleeper.sleep(self.wait_max)).await {
            Either::Left((permit, _)) => Ok(permit),
            // When those before it end is not known.
            Either::Right(((), _)) => Err(Refusal::RateLimited { retry_after: PERMIT_WAIT_MAX }),
        }
    }

    /// Whether nobody has a place, or waits for one.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.semaphore.is_idle()
    }
}
