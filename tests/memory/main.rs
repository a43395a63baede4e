//! The memory that a request takes, whatever others have written: counted by the allocator.
//!
//! The embedded DynamoDB allocates in the same process, so the measured size exceeds that of a function.
#![allow(dead_code, reason = "the bench has more than is used here")]

#[path = "../functions/bench.rs"]
mod bench;
#[path = "../functions/clients.rs"]
mod clients;
#[path = "../functions/group_bench.rs"]
mod group_bench;
#[path = "../functions/posts.rs"]
mod posts;
#[path = "../functions/presence_bench.rs"]
mod presence_bench;
#[path = "../functions/push_bench.rs"]
mod push_bench;
#[path = "../functions/queue_bench.rs"]
mod queue_bench;
#[path = "../functions/stalls.rs"]
mod stalls;

mod reads;

use peak_alloc::PeakAlloc;
use tokio::sync::Mutex;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Most memory that one invocation may add. Unit: bytes. A function has 512 MB, and up to ten records or one request.
const ADDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Held by the running test, since the allocator counts all threads.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Runs a future; returns its result, and how much more memory was in use at its peak than before. Unit: bytes.
async fn measured<T>(work: impl Future<Output = T>) -> (T, usize) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let result = work.await;
    (result, HEAP.peak_usage().saturating_sub(before))
}

#[track_caller]
fn check(what: &str, added_bytes: usize) {
    eprintln!("{what}: {} KB more", added_bytes / 1024);
    assert!(added_bytes < ADDED_BYTES_MAX, "{what}: {added_bytes} bytes more");
}
