//! Why something that a queue asked for is not done.

use crate::Error;

/// Why a task is not done.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It may be done later: a store or a connection did not do its part.
    #[error("not done yet")]
    Again(#[source] Error),
    /// It never can be: it names nothing that exists.
    #[error("cannot be done: {0}")]
    Never(&'static str),
}

impl<E: Into<Error>> From<E> for TaskError {
    fn from(error: E) -> Self {
        Self::Again(error.into())
    }
}
