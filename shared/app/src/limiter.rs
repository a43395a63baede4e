//! Budgets of users, as far as one process counts them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use confab_domain::budget::{ANSWER_MIN, Account, Budget, BudgetRates, Budgets, Charges, kilobytes};
use confab_domain::{Refusal, Timestamp, UserId};
use futures_util::future;

use crate::generations::Generations;
use crate::lanes::{Lanes, Turn};
use crate::ports::{Session, Sessions};
use crate::{Error, Looked};

/// Users that are remembered at most. Unit: users of about 300 bytes each.
const CAPACITY: usize = 10_000;

/// Answers to one user that a process reads side by side. Each is charged when it was read, so more would be read at once
/// than is left.
const ANSWERS_AT_ONCE: usize = 3;

/// What each user may still ask for, while a process is warm.
///
/// Kept in memory, so that a refusal costs no call to a store. What is taken here is added to the user's session row now
/// and then, and what other processes took is learnt there.
#[derive(Debug)]
pub struct Limiter {
    rates: BudgetRates,
    accounts: Mutex<Generations<UserId, Account>>,
    answers: Lanes<UserId>,
}

impl Limiter {
    /// One that nobody has taken anything from.
    pub fn new(rates: BudgetRates) -> Self {
        Self { rates, accounts: Mutex::new(Generations::new(CAPACITY)), answers: Lanes::new(ANSWERS_AT_ONCE) }
    }

    /// Takes one unit of a budget.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then nothing is taken.
    pub fn take(&self, user: UserId, budget: Budget, now: Timestamp) -> Result<(), Refusal> {
        self.with(user, |account| account.take(budget, &self.rates, now))
    }

    /// Takes one unit where no store is at hand: the session row is not told of it.
    ///
    /// # Errors
    ///
    /// As [`Limiter::take`].
    pub fn take_here(&self, user: UserId, budget: Budget, now: Timestamp) -> Result<(), Refusal> {
        self.with(user, |account| account.take_here(budget, &self.rates, now))
    }

    /// Checks that something may be read which is charged after.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`].
    pub fn check(&self, user: UserId, budget: Budget, now: Timestamp) -> Result<(), Refusal> {
        self.with(user, |account| account.check(budget, &self.rates, now))
    }

    /// Waits until few other answers to the user are read; then it can be checked what is left.
    pub async fn turn_to_read(&self, user: UserId) -> Turn<'_, UserId> {
        self.answers.enter(user).await
    }

    /// Begins an answer to who reads: takes what it counts at least, whatever becomes of it.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then nothing is taken.
    pub fn begin_answer(&self, user: UserId, now: Timestamp) -> Result<(), Refusal> {
        self.with(user, |account| {
            account.check(Budget::Answers, &self.rates, now)?;
            account.charge(Budget::Answers, ANSWER_MIN, &self.rates, now);
            Ok(())
        })
    }

    /// Answers a call that reads, unless its user has read too much.
    ///
    /// What was taken before is added to the user's row beside it, so that it takes no round trip more; only a very large
    /// answer is added after it was read.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]: then nothing was read. Those of `looking`.
    pub async fn answer<T>(
        &self,
        sessions: &(impl Sessions + Sync),
        (user, now): (UserId, Timestamp),
        looking: impl Future<Output = Result<Looked<T>, Error>>,
        bytes_of: impl Fn(&T) -> usize,
    ) -> Result<T, Error> {
        let _turn = self.turn_to_read(user).await;
        self.begin_answer(user, now)?;
        let (looked, ()) = future::join(looking, self.settle(sessions, user, now)).await;
        let Looked { answer, rows } = looked?;
        self.end_answer(user, bytes_of(&answer), rows, now);
        self.settle(sessions, user, now).await;
        Ok(answer)
    }

    /// Takes what an answer counts beyond that: its kilobytes, or what was looked at for it where that is more.
    pub fn end_answer(&self, user: UserId, bytes: usize, looked_at: u32, now: Timestamp) {
        let rest = kilobytes(bytes).max(looked_at).saturating_sub(ANSWER_MIN);
        if rest > 0 {
            self.charge(user, Budget::Answers, rest, now);
        }
    }

    /// Takes what was used already, even where there is not so much left.
    pub fn charge(&self, user: UserId, budget: Budget, units: u32, now: Timestamp) {
        self.with(user, |account| account.charge(budget, units, &self.rates, now));
    }

    /// Learns from a session row what all processes took together.
    pub fn observe(&self, session: &Session, now: Timestamp) {
        self.observe_budgets(session.user, &session.budgets, now);
    }

    /// Whether so much was taken here that the session row has to be told.
    pub fn is_due(&self, user: UserId, now: Timestamp) -> bool {
        self.accounts().get(&user).is_some_and(|account| account.is_due(&self.rates, now))
    }

    /// Tells the session row what was taken, where that is due: for calls by which no lease is renewed.
    ///
    /// Best effort: what was taken is counted here all the same.
    pub async fn settle(&self, sessions: &(impl Sessions + Sync), user: UserId, now: Timestamp) {
        if !self.is_due(user, now) {
            return;
        }
        match sessions.charge(user, &self.take_charges(user, true, now), now).await {
            Ok(budgets) => self.observe_budgets(user, &budgets, now),
            Err(error) => {
                tracing::warn!(
                    event = "charge_failed",
                    error = &error as &dyn std::error::Error,
                    "a charge is lost"
                );
            }
        }
    }

    /// See [`Account::take_charges`].
    pub fn take_charges(&self, user: UserId, everything: bool, now: Timestamp) -> Charges {
        self.with(user, |account| account.take_charges(everything, &self.rates, now))
    }

    fn observe_budgets(&self, user: UserId, budgets: &Budgets, now: Timestamp) {
        self.with(user, |account| account.observe(budgets, &self.rates, now));
    }

    fn with<T>(&self, user: UserId, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.accounts();
        let before = accounts.get(&user).unwrap_or_default();
        let mut account = before;
        let result = act(&mut account);
        if account != before {
            accounts.put(user, account);
        }
        result
    }

    fn accounts(&self) -> MutexGuard<'_, Generations<UserId, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
