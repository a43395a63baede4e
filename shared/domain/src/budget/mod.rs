//! How much one user may ask for.
//!
//! A budget is a token bucket ([`crate::rate`]). Each process keeps an [`Account`] per user: what it knows of each
//! bucket, and what was taken from it there. Now and then a process adds what was taken to the bucket in the user's
//! session row ([`Charge`]) and reads there what all processes took together ([`Account::observe`]).

use std::ops::{Index, IndexMut};
use std::time::Duration;

use crate::rate::Rate;
use crate::time::CLOCK_SKEW_MAX;
use crate::{Refusal, Timestamp};

/// What is counted per user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Messages and changes written. Unit: messages.
    Writes,
    /// Answers to `sync` and `history`, over HTTP too. Unit: kilobytes ([`kilobytes`]).
    Answers,
    /// All other frames. Unit: frames.
    Frames,
    /// Tickets. Unit: tickets.
    Tickets,
}

impl Budget {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Writes, Self::Answers, Self::Frames, Self::Tickets];

    /// Units after which a process adds what it took to the row: every 16th frame, every 4 MB.
    const fn units_until_due(self) -> u32 {
        match self {
            Self::Writes | Self::Frames | Self::Tickets => 16,
            Self::Answers => 4_000,
        }
    }
}

/// What so many bytes of answers count. Unit: kilobytes, begun ones count.
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

/// How much of each a user may take.
pub type BudgetRates = PerBudget<Rate>;

/// What the local runner allows: one machine, and nobody pays by the message.
pub const LOCAL_RATES: BudgetRates = PerBudget {
    writes: Rate { burst: 1_000, interval: Duration::from_millis(5) },
    answers: Rate { burst: 64_000, interval: Duration::from_millis(1) },
    frames: Rate { burst: 200, interval: Duration::from_millis(25) },
    tickets: Rate { burst: 60, interval: Duration::from_secs(1) },
};

/// When each bucket of a row will be full again; `None` where nothing was ever added to it.
pub type Budgets = PerBudget<Option<Timestamp>>;

/// What one process adds to the buckets of a row.
pub type Charges = PerBudget<Option<Charge>>;

/// Time after which a process adds what it took to the row, if more is taken then.
const DUE_AFTER: Duration = Duration::from_secs(2);

/// Time after which what a process took has come back, if it took nothing since that was worth adding.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(4);

/// Longest debt: what was read is charged after, and one answer may be larger than a burst.
const DEBT_MAX: Duration = Duration::from_secs(300);

/// An addition to a bucket in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// How much later the bucket will be full.
    pub cost: Duration,
    /// Up to when a time in the row is believed; a later one was written by a clock that was wrong.
    pub believed_until: Timestamp,
    /// The latest time at which the bucket may be full: what processes add together beyond it is cut, so that no process
    /// takes their debt for the time of a wrong clock.
    pub at_most: Timestamp,
    /// Whether the bucket was in use when the row was last seen: tells an adapter what to expect, and no more.
    pub was_in_use: bool,
}

impl Charge {
    /// When the bucket will be full again, if it would be at `full_at` without the charge.
    pub fn added_to(&self, full_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let from = full_at.filter(|at| *at > now && *at <= self.believed_until).unwrap_or(now);
        from.plus(self.cost).min(self.at_most)
    }
}

/// What a process knows of one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    /// When it will be full again, as far as the process knows.
    full_at: Option<Timestamp>,
    /// The same, as the row said last.
    in_row: Option<Timestamp>,
    /// What was taken here, and is not yet added to the row.
    pending: Duration,
    /// When the first of that was taken.
    since: Option<Timestamp>,
}

/// What a process knows of a user's budgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    buckets: PerBudget<Bucket>,
}

impl Account {
    /// Checks that a user may take of a budget.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`].
    pub fn check(&self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> Result<(), Refusal> {
        let rate = &rates[budget];
        match self.in_use(budget, rates, now) {
            Some(full_at) => rate.check(full_at, now),
            None => Ok(()),
        }
    }

    /// Takes one unit.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then nothing is taken.
    pub fn take(&mut self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> Result<(), Refusal> {
        self.check(budget, rates, now)?;
        self.charge(budget, 1, rates, now);
        Ok(())
    }

    /// Takes one unit that the row is not told of.
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

    /// Takes what was used already, even where there is not so much left.
    pub fn charge(&mut self, budget: Budget, units: u32, rates: &BudgetRates, now: Timestamp) {
        let at_most = rates[budget].tolerance() + DEBT_MAX;
        let cost = rates[budget].cost(units).min(at_most);
        let in_use = self.in_use(budget, rates, now);
        let bucket = &mut self.buckets[budget];
        if bucket.since.is_none_or(|since| now.since(since) > FORGOTTEN_AFTER) {
            (bucket.pending, bucket.since) = (Duration::ZERO, Some(now));
        }
        bucket.full_at = Some(in_use.unwrap_or(now).plus(cost).min(now.plus(at_most)));
        // What was taken long before the row is told of it has come back meanwhile.
        let ahead = bucket.full_at.map_or(Duration::ZERO, |full_at| full_at.since(now));
        bucket.pending = (bucket.pending + cost).min(ahead + DUE_AFTER);
    }

    /// Learns from a row what all processes took together.
    pub fn observe(&mut self, row: &Budgets, rates: &BudgetRates, now: Timestamp) {
        for budget in Budget::ALL {
            let in_row = row[budget].filter(|at| *at > now && *at <= believed_until(&rates[budget], now));
            let known = self.in_use(budget, rates, now);
            let bucket = &mut self.buckets[budget];
            let all = in_row.map(|at| at.plus(bucket.pending));
            (bucket.in_row, bucket.full_at) = (in_row, known.max(all));
        }
    }

    /// Whether so much was taken here that the row has to be told.
    pub fn is_due(&self, rates: &BudgetRates, now: Timestamp) -> bool {
        Budget::ALL.into_iter().any(|budget| self.is_budget_due(budget, rates, now))
    }

    /// What to add to the row now; it counts as added from then on.
    ///
    /// `everything` that was taken, or what is due and what goes to a bucket that others use too: adding to one that
    /// others began to use since the row was seen costs a second write.
    pub fn take_charges(&mut self, everything: bool, rates: &BudgetRates, now: Timestamp) -> Charges {
        let mut charges = Charges::default();
        for budget in Budget::ALL {
            let is_due = self.is_budget_due(budget, rates, now);
            let bucket = &mut self.buckets[budget];
            let was_in_use = bucket.in_row.is_some_and(|at| at > now);
            if (everything || is_due || was_in_use) && !bucket.pending.is_zero() {
                let believed_until = believed_until(&rates[budget], now);
                let (cost, at_most) = (bucket.pending, full_at_most(&rates[budget], now));
                charges[budget] = Some(Charge { cost, believed_until, at_most, was_in_use });
                (bucket.pending, bucket.since) = (Duration::ZERO, None);
            }
        }
        charges
    }

    fn is_budget_due(&self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> bool {
        let (rate, bucket) = (&rates[budget], &self.buckets[budget]);
        // A small burst is not to be taken whole by each process.
        let units = budget.units_until_due().min(rate.burst.div_ceil(4));
        let is_old = bucket.since.is_some_and(|since| now.since(since) >= DUE_AFTER);
        !bucket.pending.is_zero() && (is_old || bucket.pending >= rate.cost(units))
    }

    /// When a bucket will be full again, unless it is.
    fn in_use(&self, budget: Budget, rates: &BudgetRates, now: Timestamp) -> Option<Timestamp> {
        self.buckets[budget].full_at.filter(|at| *at > now && *at <= believed_until(&rates[budget], now))
    }
}

fn believed_until(rate: &Rate, now: Timestamp) -> Timestamp {
    full_at_most(rate, now).plus(CLOCK_SKEW_MAX)
}

/// What several processes add at the same time may be more than the debt that each allows.
fn full_at_most(rate: &Rate, now: Timestamp) -> Timestamp {
    now.plus(rate.tolerance() + DEBT_MAX * 2)
}

#[cfg(test)]
mod tests;
