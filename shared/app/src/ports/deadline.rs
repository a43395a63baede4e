//! The time that a request may take.

/// When a request has to come to its end.
pub trait Deadline: Send + Sync {
    /// Whether it is time to answer with what there is, instead of reading on.
    fn is_near(&self) -> bool;
}
