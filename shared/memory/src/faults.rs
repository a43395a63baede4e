//! How calls go wrong.

use confab_app::ports::StoreError;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallOutcome {
    /// It takes effect and is answered.
    #[default]
    Done,
    /// It fails before it takes effect, as a throttled call does.
    NotDone,
    /// It takes effect, and the caller never learns that.
    AnswerLost,
}

/// Decides the fate of each call, in the order in which the calls take effect.
pub trait FaultInjector: Send + Sync {
    /// The fate of the next call.
    fn next_outcome(&self) -> CallOutcome;
}

/// Every call is done and answered.
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
