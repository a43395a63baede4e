//! Deadlines of invocations.

use std::time::Duration;

use confab_app::ports::{Deadline, StoreError};
use confab_app::{Error, chain};
use tokio::time::Instant;

/// Time after which an invocation answers that its outcome is unknown.
///
/// At least 3 s less than the timeout in `template.yaml` of every function that stores something: the function answers
/// in these seconds, and one that Lambda ends answers nothing. Less than half of
/// [`APPEND_DELAY_MAX`](confab_domain::claim::APPEND_DELAY_MAX), on which the search for a repeated message relies.
pub const DEADLINE: Duration = Duration::from_secs(12);

/// Time after which an invocation that can be resumed answers with what it has.
///
/// Store calls and a post that are under way then have the rest of the [`DEADLINE`].
const RESUMED_AFTER: Duration = Duration::from_secs(7);

/// Deadline of an invocation that can be resumed: after it the invocation answers with what it has.
#[derive(Clone, Copy, Debug)]
pub struct Resumable {
    started: Instant,
}

impl Resumable {
    /// Deadline of an invocation that starts now.
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Deadline for Resumable {
    fn is_near(&self) -> bool {
        self.started.elapsed() >= RESUMED_AFTER
    }
}

/// Time that a function may take, after the deadline, to undo what it has begun.
const UNDO_TIME: Duration = Duration::from_secs(2);

/// Runs an invocation up to the deadline.
///
/// # Errors
///
/// [`StoreError::Unavailable`] if it took longer.
pub async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let result = tokio::time::timeout(DEADLINE, work).await;
    result.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into()).into()))
}

/// Undoes what an invocation has begun, within 2 s. Best effort: a failure is logged.
pub async fn undo(work: impl Future<Output = Result<(), Error>>) {
    match tokio::time::timeout(UNDO_TIME, work).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(event = "undo_failed", error = chain(&error));
        }
        Err(_elapsed) => tracing::warn!(event = "undo_failed", "the undo timed out"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_app::wire;
    use confab_protocol::ErrorCode;

    #[tokio::test(start_paused = true)]
    async fn a_late_invocation_is_answered_as_of_unknown_outcome() {
        let error = within::<()>(std::future::pending()).await.unwrap_err();
        assert_eq!(wire::error_body(&error).code, ErrorCode::Unavailable);
        let in_time = async {
            tokio::time::sleep(DEADLINE - Duration::from_millis(1)).await;
            Ok(7)
        };
        assert!(matches!(within(in_time).await, Ok(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn undoing_does_not_outlast_the_function() {
        let started = Instant::now();
        undo(std::future::pending()).await;
        assert!(started.elapsed() <= UNDO_TIME + Duration::from_millis(1));
    }
}
