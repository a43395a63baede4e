//! Concurrency limits.

/// Concurrent store calls of one request: enough to hide the latency of each, few enough that one request does not
/// use the whole rate of a table.
pub const STORE_CALLS_MAX: usize = 16;
