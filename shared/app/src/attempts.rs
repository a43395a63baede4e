//! Attempts at operations that other requests prevent, with pauses between them.

use confab_domain::Attempts as Pauses;

use crate::ports::Sleeper;

/// The attempts of one writer, with pauses between them: see [`Pauses`].
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    pauses: Pauses,
    begun: u32,
    sleeper: &'a dyn Sleeper,
}

impl<'a> Attempts<'a> {
    /// Attempts after lost races, with a pause before each but the first two. `seed` is unique to the writer.
    pub(crate) fn racing(sleeper: &'a dyn Sleeper, max: u32, seed: u64) -> Self {
        Self { pauses: Pauses::racing(max, seed), begun: 0, sleeper }
    }

    /// Attempts that wait for another request to finish, with a pause before each but the first.
    pub(crate) fn waiting(sleeper: &'a dyn Sleeper, max: u32, seed: u64) -> Self {
        Self { pauses: Pauses::waiting(max, seed), begun: 0, sleeper }
    }

    /// Waits until the next attempt may begin; false after the last.
    pub(crate) async fn next(&mut self) -> bool {
        let Some(pause) = self.pauses.next_pause() else { return false };
        if !pause.is_zero() {
            self.sleeper.sleep(pause).await;
        }
        self.begun += 1;
        true
    }

    /// The number of the current attempt, from 0.
    pub(crate) const fn number(&self) -> u32 {
        self.begun.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, ready};
    use std::pin::{Pin, pin};
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use super::*;

    #[derive(Debug, Default)]
    struct Counting(Mutex<Vec<Duration>>);

    impl Sleeper for Counting {
        fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            self.0.lock().unwrap().push(duration);
            Box::pin(ready(()))
        }
    }

    #[test]
    fn a_racing_writer_sleeps_before_each_attempt_after_the_second() {
        let (sleeper, mut tries) = (Counting::default(), 0);
        let mut attempts = Attempts::racing(&sleeper, 8, 7);
        while pin!(attempts.next()).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(true) {
            assert_eq!(attempts.number(), tries);
            tries += 1;
        }
        let slept = sleeper.0.into_inner().unwrap();
        assert_eq!((tries, slept.len()), (8, 6));
        assert!(slept.iter().all(|pause| !pause.is_zero()), "{slept:?}");
    }
}
