//! How a store fails, by what the caller can do about it.

/// An adapter's own error, kept for the log only.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A store did not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out or out of reach. **The outcome is unknown**: a write
    /// may have been committed. Doing the same again with the same ids is safe.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The store refused the request itself: a fault of ours or of the deployment. Nothing was done.
    #[error("the store rejected a request")]
    Rejected(#[source] BoxError),
    /// The store holds, or answered, what it should not: a fault of ours.
    #[error("malformed {item}")]
    Malformed {
        /// What could not be read, without its content.
        item: &'static str,
        /// What was wrong with it.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// An item that cannot be read, and why.
    pub fn malformed(item: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Malformed { item, source: source.into() }
    }
}
