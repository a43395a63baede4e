//! When an invocation gives up by itself.

use std::time::{Duration, Instant};

use confab_app::Error;
use confab_app::ports::{Deadline, StoreError};

/// After this an invocation answers that it is not known whether it was done.
///
/// Less than every function's timeout in `template.yaml`: one that Lambda ends
/// answers nothing. And less than half of
/// [`APPEND_DELAY_MAX`](confab_domain::claim::APPEND_DELAY_MAX), on which the
/// search for a repeated message relies.
const DEADLINE: Duration = Duration::from_secs(12);

/// After this an invocation that can be resumed answers with what it has.
///
/// What is under way then, store calls and a post, has the rest of the [`DEADLINE`].
const RESUMED_AFTER: Duration = Duration::from_secs(7);

/// When an invocation that can be resumed answers with what it has.
#[derive(Clone, Copy, Debug)]
pub struct Resumable {
    started: Instant,
}

impl Resumable {
    /// Of an invocation that starts now.
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Deadline for Resumable {
    fn is_near(&self) -> bool {
        self.started.elapsed() >= RESUMED_AFTER
    }
}

/// Runs an invocation up to the deadline.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where it took longer.
pub async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let result = tokio::time::timeout(DEADLINE, work).await;
    result.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into()).into()))
}
