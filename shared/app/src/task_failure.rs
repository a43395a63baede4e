//! Why something that a queue asked for is not done.

use crate::Error;

/// Why a task is not done.
#[derive(Debug, thiserror::Error)]
pub enum TaskFailure {
    /// It may be done later: a store or a connection did not do its part.
    #[error("not done yet")]
    Retry(#[source] Error),
    /// It never can be: it names nothing that exists.
    #[error("cannot be done: {0}")]
    Permanent(&'static str),
}

impl<E: Into<Error>> From<E> for TaskFailure {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}
