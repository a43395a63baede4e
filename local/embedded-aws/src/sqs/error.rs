use std::{error::Error, path::PathBuf};

/// Failure to open the queues, as opposed to an answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqsError {
    /// The file cannot be used. Nothing was changed.
    #[error("cannot open the SQS file {}", path.display())]
    Open {
        /// The requested file.
        path: PathBuf,
        /// The database's or the system's reason.
        source: Box<dyn Error + Send + Sync>,
    },
}
