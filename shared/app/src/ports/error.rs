//! How a store fails, by what the caller can do about it.

/// An adapter's own error, kept for the log only.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out or out of reach. **The outcome is unknown**: a write
    /// may have been committed. The same request with the same ids may be repeated safely.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The store rejected the request: a fault of the server or of the deployment. Nothing was done.
    #[error("the store rejected a request")]
    Rejected(#[source] BoxError),
    /// An item or an answer of the store cannot be read: a fault of the server.
    #[error("malformed {item}")]
    Malformed {
        /// Name of the item that could not be read, without its content.
        item: &'static str,
        /// Why it could not be read.
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
