//! Names that no other test uses.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// An unused handle.
pub fn fresh_handle() -> String {
    format!("user_{:016x}", random())
}

/// An `id` for a frame, and a `client_message_id`, that this process has not used before.
pub fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("id-{}", NEXT.fetch_add(1, Relaxed))
}

pub(crate) fn random() -> u64 {
    getrandom::u64().expect("random numbers")
}
