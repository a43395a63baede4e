//! Injected failures of calls.

use confab_app::ports::StoreError;

/// Outcome of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallOutcome {
    /// The call takes effect and is answered.
    #[default]
    Done,
    /// The call fails before it takes effect, as a throttled call does.
    NotDone,
    /// The call takes effect, but its answer is lost.
    AnswerLost,
}

/// Decides the outcome of each call, in the order in which the calls take effect.
pub trait FaultInjector: Send + Sync {
    /// The outcome of the next call.
    fn next_outcome(&self) -> CallOutcome;
}

/// Fault injector of healthy runs: every call takes effect and is answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl FaultInjector for NoFaults {
    fn next_outcome(&self) -> CallOutcome {
        CallOutcome::Done
    }
}

pub(crate) fn unavailable(why: &'static str) -> StoreError {
    StoreError::Unavailable(why.into())
}
