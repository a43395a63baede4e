//! How much of a use case runs side by side.

/// Store calls of one request that are under way at once: enough to hide the latency of each, few enough that one
/// request does not take a table's whole rate.
pub const STORE_CALLS_MAX: usize = 16;
