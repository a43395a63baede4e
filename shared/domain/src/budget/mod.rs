//! Budgets: limits on what one user may use.
//!
//! A budget is a token bucket ([`crate::rate`]). Each process keeps an [`Account`] per user. The account holds the
//! process's view of each bucket, and what the process took from it. From time to time a process adds what it took to
//! the bucket in the user's session row ([`Charge`]), and reads the total of all processes there
//! ([`Account::observe`]).

use std::ops::{Index, IndexMut};
use std::time::Duration;

use crate::rate::Rate;
use crate::time::CLOCK_SKEW_MAX;
use crate::{Refusal, Timestamp};

/// The kinds of use that are counted per user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Messages and changes that were written. Unit: messages.
    Writes,
    /// Data that was read: answers to `sync`, `history` and `presence`, and to HTTP calls. Unit: kilobytes
    /// ([`kilobytes`]).
    Answers,
    /// All other frames. Unit: frames.
    Frames,
    /// Tickets for the WebSocket. Unit: tickets.
    Tickets,
}

impl Budget {
    /// All budgets.
    pub const ALL: [Self; 4] = [Self::Writes, Self::Answers, Self::Frames, Self::Tickets];

    /// Longest debt. Answers are charged after they are read, and one answer may be larger than a burst.
    const fn debt_max(self) -> Duration {
        match self {
            Self::Writes | Self::Frames | Self::Tickets => Duration::ZERO,
            Self::Answers => DEBT_MAX,
        }
    }

    /// Units after which a process adds what it took to the row: every 16th frame, every 4 MB.
    const fn units_until_due(self) -> u32 {
        match self {
            Self::Writes | Self::Frames | Self::Tickets => 16,
            Self::Answers => 4_000,
        }
    }
}

/// Smallest charge of an answer: it covers round trips and rows that were read, even if the answer is empty. Unit:
/// kilobytes.
pub const ANSWER_MIN: u32 = 16;

/// The charge for an answer of `bytes` bytes. Unit: kilobytes, rounded up.
pub fn kilobytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1_000)).unwrap_or(u32::MAX)
}

/// A value for each budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerBudget<T> {
    /// For [`Budget::Writes`].
    pub writes: T,
    /// For [`Budget::Answers`].
    pub answers: T,
    /// For [`Budget::Frames`].
    pub frames: T,
    /// For [`Budget::Tickets`].
    pub tickets: T,
}

impl<T> Index<Budget> for PerBudget<T> {
    type Output = T;

    fn index(&self, budget: Budget) -> &T {
        match budget {
            Budget::Writes => &self.writes,
            Budget::Answers => &self.answers,
            Budget::Frames => &self.frames,
            Budget::Tickets => &self.tickets,
        }
    }
}

impl<T> IndexMut<Budget> for PerBudget<T> {
    fn index_mut(&mut self, budget: Budget) -> &mut T {
        match budget {
            Budget::Writes => &mut self.writes,
            Budget::Answers => &mut self.answers,
            Budget::Frames => &mut self.frames,
            Budget::Tickets => &mut self.tickets,
        }
    }
}

/// The rate of each budget.
pub type BudgetRates = PerBudget<Rate>;

/// Rates of the local runner: it is one machine, and nobody pays per message.
pub const LOCAL_RATES: BudgetRates = PerBudget {
    writes: Rate { burst: 1_000, interval: Duration::from_millis(5) },
    answers: Rate { burst: 64_000, interval: Duration::from_millis(1) },
    frames: Rate { burst: 200, interval: Duration::from_millis(25) },
    tickets: Rate { burst: 60, interval: Duration::from_secs(1) },
};

/// When each bucket of a row is full again; `None` where nothing was ever taken from it.
pub type Budgets = PerBudget<Option<Timestamp>>;

/// The charges that one process adds to the buckets of a row.
pub type Charges = PerBudget<Option<Charge>>;

/// Age of a pending charge at which a process adds it to the row, if the process takes more then.
const DUE_AFTER: Duration = Duration::from_secs(2);

/// Age at which a process drops a pending charge that did not become due: the bucket has refilled by then.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(4);

/// See [`Budget::debt_max`].
const DEBT_MAX: Duration = Duration::from_secs(300);

/// By how much two requests of one process may be served in the opposite order of their starts. If the times of two
/// charges differ by more, the clock went back.
const OVERTAKEN_MAX: Duration = CLOCK_SKEW_MAX;

/// [`Account::gone_back`] falls this many times slower than time passes.
const FORGIVEN_EVERY: u32 = 64;

/// A charge to a bucket in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// By how much later the bucket is full.
    pub cost: Duration,
    /// Latest plausible time in the row; a wrong clock wrote a later one.
    pub believed_until: Timestamp,
    /// Latest time at which the bucket may be full. The sum of several processes' charges is cut there, so that no
    /// process takes their debt for the time of a wrong clock.
    pub at_most: Timestamp,
    /// Whether the bucket was in use when the row was last read. Only a hint to an adapter about what it will find.
    pub was_in_use: bool,
}

impl Charge {
    /// When the bucket is full again after this charge, if it was full at `full_at` before.
    pub fn added_to(&self, full_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let from = full_at.filter(|at| *at > now && *at <= self.believed_until).unwrap_or(now);
        from.plus(self.cost).min(self.at_most)
    }
}

/// A process's view of one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    /// When the bucket is full again, as far as the process knows.
    full_at: Option<Timestamp>,
    /// When the bucket is full again, as last read from the row.
    in_row: Option<Timestamp>,
    /// Charge that is not yet added to the row.
    pending: Duration,
    /// When the pending charge began.
    since: Option<Timestamp>,
    /// Whether the clock went back since the last charge to the row. The row may then hold a time of the old clock,
    /// and the next charge corrects it.
    is_row_ahead: bool,
}

impl Bucket {
    /// Moves the bucket's times back after the clock went back.
    fn set_back(&mut self, by: Duration) {
        self.full_at = self.full_at.map(|at| at.minus(by));
        self.since = self.since.map(|at| at.minus(by));
        self.is_row_ahead |= by > OVERTAKEN_MAX;
    }
}

/// A process's view of a user's budgets.
///
/// A bucket refills as time passes, and never because the clock was set: when the clock goes back, all times in the
/// account go back by the same amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    buckets: PerBudget<Bucket>,
    /// The account's time: the latest time of its requests, moved back when the clock goes back.
    seen: Option<Timestamp>,
    /// By how much `seen` went back lately in small steps, which overtaking requests cause too.
    gone_back: Duration,
}

impl Account {
    /// Checks that the budget allows one more use.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`].
    pub fn check(&mut self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> Result<(), Refusal> {
        let now = self.begin(now);
        match self.in_use(budget, now) {
            Some(full_at) => rates[budget].check(full_at, now),
            None => Ok(()),
        }
    }

    /// Takes one unit.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]: nothing was taken.
    pub fn take(&mut self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> Result<(), Refusal> {
        self.check(budget, rates, now)?;
        self.charge(budget, 1, rates, now);
        Ok(())
    }

    /// Takes one unit that is never added to the row.
    ///
    /// # Errors
    ///
    /// As [`Account::take`].
    pub fn take_here(&mut self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> Result<(), Refusal> {
        let Bucket { pending, since, .. } = self.buckets[budget];
        self.take(budget, rates, now)?;
        let bucket = &mut self.buckets[budget];
        (bucket.pending, bucket.since) = (pending, since);
        Ok(())
    }

    /// Charges units that were used already, even if the budget has fewer left.
    pub fn charge(&mut self, budget: Budget, units: u32, rates: &BudgetRates, now: Timestamp) {
        let now = self.pass(now);
        let at_most = rates[budget].tolerance() + DEBT_MAX;
        let cost = rates[budget].cost(units).min(at_most);
        let in_use = self.in_use(budget, now);
        let bucket = &mut self.buckets[budget];
        if bucket.since.is_none_or(|since| now.since(since) > FORGOTTEN_AFTER) {
            (bucket.pending, bucket.since) = (Duration::ZERO, Some(now));
        }
        bucket.full_at = Some(in_use.unwrap_or(now).plus(cost).min(now.plus(at_most)));
        // A charge that waited long has refilled in part, so only the rest is pending.
        let ahead = bucket.full_at.map_or(Duration::ZERO, |full_at| full_at.since(now));
        bucket.pending = (bucket.pending + cost).min(ahead + DUE_AFTER);
    }

    /// Reads from a row what all processes took together.
    ///
    /// The times in the row may come from a clock that is ahead, so the largest clock difference is subtracted. A
    /// flood through several processes gains that much once; no user within the rate is refused.
    pub fn observe(&mut self, row: &Budgets, rates: &BudgetRates, now: Timestamp) {
        let now = self.pass(now);
        for budget in Budget::ALL {
            let believed_until = believed_until(budget, rates, now);
            let known = self.in_use(budget, now);
            let bucket = &mut self.buckets[budget];
            let in_row = row[budget].filter(|at| *at > now && *at <= believed_until && !bucket.is_row_ahead);
            let in_use = in_row.map(|at| at.minus(CLOCK_SKEW_MAX)).filter(|at| *at > now);
            let all = in_use.map(|at| at.plus(bucket.pending));
            (bucket.in_row, bucket.full_at) = (in_row, known.max(all));
        }
    }

    /// Whether the pending charges are large or old enough to be added to the row.
    pub fn is_due(&self, rates: &BudgetRates, now: Timestamp) -> bool {
        let now = self.seen.max(Some(now)).unwrap_or(now);
        Budget::ALL.into_iter().any(|budget| self.is_budget_due(budget, rates, now))
    }

    /// The charges to add to the row now. They count as added from then on.
    ///
    /// With `everything`, these are all pending charges. Otherwise they are those that are due, and those for a
    /// bucket that other processes use too. A charge costs a second write if other processes began to use the bucket
    /// after the row was read.
    pub fn take_charges(&mut self, everything: bool, rates: &BudgetRates, now: Timestamp) -> Charges {
        let now = self.pass(now);
        let mut charges = Charges::default();
        for budget in Budget::ALL {
            let is_due = self.is_budget_due(budget, rates, now);
            let in_use = self.in_use(budget, now);
            let bucket = &mut self.buckets[budget];
            let was_in_use = bucket.in_row.is_some_and(|at| at > now) && !bucket.is_row_ahead;
            if bucket.pending.is_zero() || !(everything || is_due || was_in_use) {
                continue;
            }
            let at_most = full_at_most(budget, rates, now);
            let (cost, believed_until) = if bucket.is_row_ahead {
                // The charge replaces the time in the row with the whole known use.
                (bucket.pending.max(in_use.map_or(Duration::ZERO, |at| at.since(now))), now)
            } else {
                (bucket.pending, believed_until(budget, rates, now))
            };
            charges[budget] = Some(Charge { cost, believed_until, at_most, was_in_use });
            (bucket.pending, bucket.since, bucket.is_row_ahead) = (Duration::ZERO, None, false);
        }
        charges
    }

    fn is_budget_due(&self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> bool {
        let (rate, bucket) = (&rates[budget], &self.buckets[budget]);
        // No process may take the whole of a small burst without adding it to the row.
        let units = budget.units_until_due().min(rate.burst.div_ceil(4));
        let is_old = bucket.since.is_some_and(|since| now.since(since) >= DUE_AFTER);
        !bucket.pending.is_zero() && (is_old || bucket.pending >= rate.cost(units))
    }

    /// When a bucket is full again; `None` if it is full.
    fn in_use(&self, budget: Budget, now: Timestamp) -> Option<Timestamp> {
        self.buckets[budget].full_at.filter(|at| *at > now)
    }

    /// The account's time for a request that began at `now` and takes from a bucket as its first action.
    fn begin(&mut self, now: Timestamp) -> Timestamp {
        let back = self.seen.map_or(Duration::ZERO, |seen| seen.since(now));
        let is_small = back <= OVERTAKEN_MAX;
        if is_small && self.gone_back + back > OVERTAKEN_MAX {
            // Requests that overtake each other must not set the clock back, or each of them would refill the bucket.
            return self.pass(now);
        }
        for budget in Budget::ALL {
            self.buckets[budget].set_back(back);
        }
        if !back.is_zero() {
            self.seen = Some(now);
            self.gone_back += if is_small { back } else { Duration::ZERO };
        }
        self.pass(now)
    }

    /// The account's time for a request that began at `now`, perhaps long ago.
    fn pass(&mut self, now: Timestamp) -> Timestamp {
        let seen = self.seen.unwrap_or(now);
        self.gone_back = self.gone_back.saturating_sub(now.since(seen) / FORGIVEN_EVERY);
        let now = seen.max(now);
        self.seen = Some(now);
        now
    }
}

/// Latest plausible time in a row.
fn believed_until(budget: Budget, rates: &BudgetRates, now: Timestamp) -> Timestamp {
    full_at_most(budget, rates, now).plus(CLOCK_SKEW_MAX)
}

/// Latest time at which a bucket may be full: processes whose clocks differ may each add a burst at the same time, or
/// the debt that each of them allows.
fn full_at_most(budget: Budget, rates: &BudgetRates, now: Timestamp) -> Timestamp {
    let Rate { burst, interval } = rates[budget];
    now.plus(interval * burst + CLOCK_SKEW_MAX + budget.debt_max() * 2)
}

#[cfg(test)]
mod tests;
