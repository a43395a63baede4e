//! Long computations, on a thread of their own.

use std::panic::resume_unwind;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Largest input that is computed on the calling thread. Unit: bytes, inclusive.
///
/// A thread of its own costs about 50 µs. JSON of this size takes as long at 1 GB/s, and far longer in a debug build.
const SHORT_BYTES_MAX: usize = 64 * 1024;

/// Permit for long computations. There is one: long requests wait for each other, and other cores go on with short
/// ones.
static PERMIT: Semaphore = Semaphore::const_new(1);

/// Computes something from so many bytes. If they are many, it computes on a thread of its own, one at a time in the
/// process.
///
/// A function on Lambda has one request at a time. On the local runner requests share a process, and a few long
/// computations would occupy every thread.
///
/// # Panics
///
/// If the computation panics.
pub async fn apart<T: Send + 'static>(bytes: usize, compute: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes <= SHORT_BYTES_MAX {
        return compute();
    }
    let permit = PERMIT.acquire().await;
    // The permit is held until the computation ends, also if the caller has stopped waiting.
    let computing = spawn_blocking(move || (compute(), permit).0);
    match computing.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(computed) => computed,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_runtime_ends)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use std::pin::pin;
    use std::sync::mpsc;

    const LONG: usize = SHORT_BYTES_MAX + 1;

    /// The runtime has one thread: a computation on it would block the test.
    #[tokio::test]
    async fn long_computations_block_nobody_and_run_one_at_a_time() {
        let ((begun, beginnings), (end, ends)) = (mpsc::channel(), mpsc::channel());
        let begins = begun.clone();
        let mut first = pin!(apart(LONG, move || (begins.send(1).unwrap(), ends.recv().unwrap()).1));
        let mut second = pin!(apart(LONG, move || begun.send(2).unwrap()));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        assert_eq!(beginnings.recv().unwrap(), 1);
        assert!(poll!(&mut second).is_pending());
        assert_eq!(apart(SHORT_BYTES_MAX, || "short").await, "short");
        assert!(beginnings.try_recv().is_err(), "the second has begun before the first has ended");
        end.send("ended").unwrap();
        assert_eq!(first.await, "ended");
        second.await;
        assert_eq!(beginnings.recv().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_panic_reaches_the_caller_and_releases_the_permit() {
        let panicked = tokio::spawn(apart(LONG, || panic!("of the computation"))).await;
        assert!(panicked.unwrap_err().is_panic());
        assert_eq!(apart(LONG, || 7).await, 7);
    }
}
