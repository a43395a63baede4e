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
    /// What is read: answers to `sync`, `history` and `presence`, and to calls over HTTP. Unit: kilobytes ([`kilobytes`]).
    Answers,
    /// All other frames. Unit: frames.
    Frames,
    /// Tickets. Unit: tickets.
    Tickets,
}

impl Budget {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Writes, Self::Answers, Self::Frames, Self::Tickets];

    /// Longest debt: what is read is charged after, and one answer may be larger than a burst.
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

/// What an answer counts at least, however little is in it: some round trips, and some rows that were read for it.
/// Unit: kilobytes.
pub const ANSWER_MIN: u32 = 16;

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

/// See [`Budget::debt_max`].
const DEBT_MAX: Duration = Duration::from_secs(300);

/// By how much a request may begin before another of the same process and take something after it. Where more lies
/// between two that take something, the clock went back.
const OVERTAKEN_MAX: Duration = CLOCK_SKEW_MAX;

/// How much slower than time passes [`Account::gone_back`] falls.
const FORGIVEN_EVERY: u32 = 64;

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
    /// Whether the clock went back since the row was told: its time may be one of before, and the next charge puts it
    /// right.
    is_row_ahead: bool,
}

impl Bucket {
    /// The same, by a clock that went back.
    fn set_back(&mut self, by: Duration) {
        self.full_at = self.full_at.map(|at| at.minus(by));
        self.since = self.since.map(|at| at.minus(by));
        self.is_row_ahead |= by > OVERTAKEN_MAX;
    }
}

/// What a process knows of a user's budgets.
///
/// A bucket fills while time passes, and never because the clock was set: where it goes back, so do all times that are
/// known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    buckets: PerBudget<Bucket>,
    /// The time by which the buckets are told.
    seen: Option<Timestamp>,
    /// By how much that went back lately in small steps, which requests that overtake each other look like.
    gone_back: Duration,
}

impl Account {
    /// Checks that a user may take of a budget.
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
        let now = self.pass(now);
        let at_most = rates[budget].tolerance() + DEBT_MAX;
        let cost = rates[budget].cost(units).min(at_most);
        let in_use = self.in_use(budget, now);
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
    ///
    /// The times in the row may be by a clock that is ahead. So much less counts: better that a flood by way of several
    /// processes gains it once than that anybody is refused who kept to the rate.
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

    /// Whether so much was taken here that the row has to be told.
    pub fn is_due(&self, rates: &BudgetRates, now: Timestamp) -> bool {
        let now = self.seen.max(Some(now)).unwrap_or(now);
        Budget::ALL.into_iter().any(|budget| self.is_budget_due(budget, rates, now))
    }

    /// What to add to the row now; it counts as added from then on.
    ///
    /// `everything` that was taken, or what is due and what goes to a bucket that others use too: adding to one that
    /// others began to use since the row was seen costs a second write.
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
                // Whatever is there makes way for all that is known here.
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
        // A small burst is not to be taken whole by each process.
        let units = budget.units_until_due().min(rate.burst.div_ceil(4));
        let is_old = bucket.since.is_some_and(|since| now.since(since) >= DUE_AFTER);
        !bucket.pending.is_zero() && (is_old || bucket.pending >= rate.cost(units))
    }

    /// When a bucket will be full again, unless it is.
    fn in_use(&self, budget: Budget, now: Timestamp) -> Option<Timestamp> {
        self.buckets[budget].full_at.filter(|at| *at > now)
    }

    /// The time by which a request takes something that began `now`, and does so first of all.
    fn begin(&mut self, now: Timestamp) -> Timestamp {
        let back = self.seen.map_or(Duration::ZERO, |seen| seen.since(now));
        let is_small = back <= OVERTAKEN_MAX;
        if is_small && self.gone_back + back > OVERTAKEN_MAX {
            // Requests overtake each other: else all that are under way would fill the bucket, each anew.
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

    /// The time by which a request counts that began `now`, perhaps long ago.
    fn pass(&mut self, now: Timestamp) -> Timestamp {
        let seen = self.seen.unwrap_or(now);
        self.gone_back = self.gone_back.saturating_sub(now.since(seen) / FORGIVEN_EVERY);
        let now = seen.max(now);
        self.seen = Some(now);
        now
    }
}

/// Up to when a time in a row is believed.
fn believed_until(budget: Budget, rates: &BudgetRates, now: Timestamp) -> Timestamp {
    full_at_most(budget, rates, now).plus(CLOCK_SKEW_MAX)
}

/// Several processes whose clocks disagree may add a burst each at the same time, or the debt that each allows.
fn full_at_most(budget: Budget, rates: &BudgetRates, now: Timestamp) -> Timestamp {
    let Rate { burst, interval } = rates[budget];
    now.plus(interval * burst + CLOCK_SKEW_MAX + budget.debt_max() * 2)
}

#[cfg(test)]
mod tests;
