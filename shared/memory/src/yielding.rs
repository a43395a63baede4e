//! Interleaving points.

use std::future::poll_fn;
use std::task::Poll;

use confab_app::ports::StoreError;

use crate::faults::{CallOutcome, FaultInjector, unavailable};

/// Yields once to all other tasks.
pub async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs one call: yields, takes effect, yields, answers; or fails as the fault injector decides.
pub(crate) async fn call<T>(
    injector: &dyn FaultInjector,
    effect: impl FnOnce() -> T,
) -> Result<T, StoreError> {
    yield_once().await;
    let next_outcome = injector.next_outcome();
    if next_outcome == CallOutcome::NotDone {
        yield_once().await;
        return Err(unavailable("the call failed before it took effect"));
    }
    let answer = effect();
    yield_once().await;
    if next_outcome == CallOutcome::AnswerLost {
        return Err(unavailable("the answer was lost"));
    }
    Ok(answer)
}
