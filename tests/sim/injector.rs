//! A fault injector that follows the seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use confab_memory::{CallOutcome, FaultInjector};

use crate::random::Random;

/// A fault injector whose failure rate can be changed during a run.
#[derive(Debug)]
pub(crate) struct Changeable {
    random: Arc<Random>,
    failure_once_in: AtomicU64,
}

impl Changeable {
    /// An injector that fails no call until [`Self::set`].
    pub(crate) fn new(random: Arc<Random>) -> Self {
        Self { random, failure_once_in: AtomicU64::new(0) }
    }

    /// From now on, one call in `failure_once_in` fails; 0 for none.
    pub(crate) fn set(&self, failure_once_in: u64) {
        self.failure_once_in.store(failure_once_in, Relaxed);
    }
}

impl FaultInjector for Changeable {
    fn next_outcome(&self) -> CallOutcome {
        if !self.random.once_in(self.failure_once_in.load(Relaxed)) {
            return CallOutcome::Done;
        }
        if self.random.once_in(2) { CallOutcome::NotDone } else { CallOutcome::AnswerLost }
    }
}
