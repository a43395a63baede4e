//! Interleaving points.

use std::future::poll_fn;
use std::task::Poll;

use confab_app::ports::StoreError;

use crate::weather::{Fate, Weather, unavailable};

/// Lets everybody else go first, once.
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

/// Runs one call: yields, takes effect, yields, answers; or fails as the weather has it.
pub(crate) async fn call<T>(weather: &dyn Weather, effect: impl FnOnce() -> T) -> Result<T, StoreError> {
    yield_once().await;
    let fate = weather.fate();
    if fate == Fate::NotDone {
        yield_once().await;
        return Err(unavailable("the call failed before it took effect"));
    }
    let answer = effect();
    yield_once().await;
    if fate == Fate::AnswerLost {
        return Err(unavailable("the answer was lost"));
    }
    Ok(answer)
}
