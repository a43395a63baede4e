use std::{error::Error, path::PathBuf};

type BoxError = Box<dyn Error + Send + Sync>;

/// Failure of the emulator itself, as opposed to an answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamoDbError {
    /// The file cannot be used. Nothing was changed.
    #[error("cannot open the DynamoDB file {}", path.display())]
    Open {
        /// The requested file.
        path: PathBuf,
        /// The emulator's or the system's reason.
        source: BoxError,
    },
    /// The tables could not be created in memory.
    #[error("cannot start DynamoDB in memory")]
    InMemory(#[source] BoxError),
    /// The file cannot be read.
    #[error("cannot read the DynamoDB file")]
    Read(#[source] BoxError),
    /// A sweep stopped early.
    #[error("the sweep of expired items did not finish")]
    Sweep(#[source] BoxError),
}
