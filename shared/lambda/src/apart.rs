//! Long computations, apart from what others wait for.

use std::panic::resume_unwind;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Most that is computed at once where it stands. Unit: bytes, inclusive.
///
/// A thread of its own costs some 50 µs, and JSON of this size takes that long at 1 GB/s, and far longer in a debug build.
const SHORT_BYTES_MAX: usize = 64 * 1024;

/// Whose turn it is. One: what waits behind it is other long requests, and the other cores go on with short ones.
static PERMIT: Semaphore = Semaphore::const_new(1);

/// Computes something from so many bytes. If they are many, on a thread of its own and one at a time in this process: a
/// function on Lambda has one request, but where many share a process, as on the local runner, a few long ones would take
/// every thread from all others.
///
/// # Panics
///
/// Where the computation does.
pub async fn apart<T: Send + 'static>(bytes: usize, compute: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes <= SHORT_BYTES_MAX {
        return compute();
    }
    let permit = PERMIT.acquire().await;
    // It ends with the computation, which goes on where nobody waits for it any more.
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

    /// The runtime has one thread: what held it up would hold up the test.
    #[tokio::test]
    async fn long_computations_hold_up_nobody_and_take_turns() {
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
    async fn a_panic_is_the_callers_and_ends_the_turn() {
        let panicked = tokio::spawn(apart(LONG, || panic!("of the computation"))).await;
        assert!(panicked.unwrap_err().is_panic());
        assert_eq!(apart(LONG, || 7).await, 7);
    }
}
