use std::{error::Error, path::PathBuf};

/// Failure of SNS itself, as opposed to an answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnsError {
    /// The file cannot be used. Nothing was changed.
    #[error("cannot open the SNS file {}", path.display())]
    Open {
        /// The requested file.
        path: PathBuf,
        /// The database's or the system's reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The state could not be created in memory.
    #[error("cannot start SNS in memory")]
    InMemory(#[source] Box<dyn Error + Send + Sync>),
    /// The published messages cannot be read.
    #[error("cannot read the published messages")]
    Read(#[source] Box<dyn Error + Send + Sync>),
}
