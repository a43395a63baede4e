use std::{error::Error, path::PathBuf};

/// Why SNS itself failed, as opposed to an answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnsError {
    /// The file is not usable; nothing was changed.
    #[error("cannot open the SNS file {}", path.display())]
    Open {
        /// The file asked for.
        path: PathBuf,
        /// The database's or the system's reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Nothing could be held in memory.
    #[error("cannot start SNS in memory")]
    InMemory(#[source] Box<dyn Error + Send + Sync>),
    /// What was published cannot be read back.
    #[error("cannot read what was published")]
    Read(#[source] Box<dyn Error + Send + Sync>),
}
