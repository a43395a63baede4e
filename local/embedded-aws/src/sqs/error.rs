use std::{error::Error, path::PathBuf};

/// Why the queues could not be opened, as opposed to an answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqsError {
    /// The file is not usable; nothing was changed.
    #[error("cannot open the SQS file {}", path.display())]
    Open {
        /// The file asked for.
        path: PathBuf,
        /// The database's or the system's reason.
        source: Box<dyn Error + Send + Sync>,
    },
}
