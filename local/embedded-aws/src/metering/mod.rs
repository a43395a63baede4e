//! Cost of calls on AWS: request units and sequential round trips.

mod capacity;
mod metered;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use self::metered::Metered;
use capacity::Units;

/// Handle to the counts of one transport. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    state: Arc<Mutex<State>>,
}

/// Cost of the DynamoDB requests since the last reset of the meter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Write request units: one per started KB written.
    pub write_units: f64,
    /// Read request units: one per started 4 KB read with strong consistency.
    pub read_units: f64,
    /// Waves of requests that overlap in time. A request that starts while no other is in flight begins a wave, so two
    /// joined calls count as one and two consecutive calls as two.
    pub round_trips: u32,
    /// Every request in the order of completion: the operation, and the sum of its write and read units. A retry by the
    /// SDK is a request of its own.
    pub calls: Vec<(String, f64)>,
}

#[derive(Debug, Default)]
struct State {
    usage: Usage,
    in_flight: u32,
}

impl Meter {
    /// Resets all counts. Requests in flight are charged afterwards.
    pub fn reset(&self) {
        self.state().usage = Usage::default();
    }

    /// Returns the counts so far.
    pub fn snapshot(&self) -> Usage {
        self.state().usage.clone()
    }

    fn start(&self) -> InFlight<'_> {
        let mut state = self.state();
        if state.in_flight == 0 {
            state.usage.round_trips += 1;
        }
        state.in_flight += 1;
        InFlight(self)
    }

    fn charge(&self, operation: &str, units: Units) {
        let usage = &mut self.state().usage;
        usage.write_units += units.write;
        usage.read_units += units.read;
        usage.calls.push((operation.to_owned(), units.write + units.read));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request under way; it also ends if its future is dropped.
struct InFlight<'a>(&'a Meter);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}
