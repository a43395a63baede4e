//! Failures of queue tasks.

use crate::Error;

/// Why a task is not done.
#[derive(Debug, thiserror::Error)]
pub enum TaskFailure {
    /// The task may succeed later: a store or a connection failed.
    #[error("not done yet")]
    Retry(#[source] Error),
    /// The task can never succeed: it names nothing that exists.
    #[error("cannot be done: {0}")]
    Permanent(&'static str),
}

impl<E: Into<Error>> From<E> for TaskFailure {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}
