use std::{error::Error, path::PathBuf};

type BoxError = Box<dyn Error + Send + Sync>;

/// Why the emulator itself failed, as opposed to an answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamoDbError {
    /// The file is not usable; nothing was changed.
    #[error("cannot open the DynamoDB file {}", path.display())]
    Open {
        /// The file asked for.
        path: PathBuf,
        /// The emulator's or the system's reason.
        source: BoxError,
    },
    /// No tables could be held in memory.
    #[error("cannot start DynamoDB in memory")]
    InMemory(#[source] BoxError),
    /// A sweep stopped early.
    #[error("the sweep of expired items did not finish")]
    Sweep(#[source] BoxError),
}
