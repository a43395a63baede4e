//! The time limit of a request.

/// Time limit of a request.
pub trait Deadline: Send + Sync {
    /// Whether the request has to answer now, with what it has read so far.
    fn is_near(&self) -> bool;
}
