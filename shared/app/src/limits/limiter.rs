//! Budgets of users, as one process counts them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use confab_domain::budget::{ANSWER_MIN, Account, Budget, BudgetRates, Budgets, Charges, kilobytes};
use confab_domain::{Refusal, Timestamp, UserId};
use futures_util::future;

use crate::generations::Generations;
use crate::limits::keyed_semaphore::{KeyedSemaphore, Permit};
use crate::limits::user_permits::{CHANGE_WAIT_MAX, PERMIT_WAIT_MAX, UserPermits};
use crate::ports::{Session, Sessions, Sleeper};
use crate::{Costed, Error, chain};

/// Maximum number of remembered users. Unit: users of about 300 bytes each.
const CAPACITY: usize = 10_000;

/// Answers to one user that a process reads side by side. An answer is charged after it was read, so more concurrent
/// reads could exceed the budget by more.
const ANSWERS_CONCURRENT_MAX: usize = 3;

/// Changes by one user that a process makes side by side: of groups, contacts, and all else with many store calls.
const CHANGES_CONCURRENT_MAX: usize = 3;

/// Messages and read marks of one user that a process writes and announces side by side. Where all users share one
/// store on one machine, as on the local runner, more of one user would delay other users and finish no sooner.
const WRITES_CONCURRENT_MAX: usize = 4;

/// Cost of a message to a recipient who does not exist, beyond the message itself. Unit: messages.
const UNKNOWN_RECIPIENT: u32 = 9;

/// What is left of each user's budgets, kept while a process is warm.
///
/// Kept in memory, so that a refusal costs no store call. From time to time the limiter adds what was taken here to
/// the user's session row, and reads there what other processes took.
#[derive(Debug)]
pub struct Limiter {
    rates: BudgetRates,
    accounts: Mutex<Generations<UserId, Account>>,
    answers: UserPermits,
    changes: UserPermits,
    writes: KeyedSemaphore<UserId>,
}

impl Limiter {
    /// Creates a limiter from which nothing was taken.
    pub fn new(rates: BudgetRates) -> Self {
        Self {
            rates,
            accounts: Mutex::new(Generations::new(CAPACITY)),
            answers: UserPermits::new(ANSWERS_CONCURRENT_MAX, PERMIT_WAIT_MAX),
            changes: UserPermits::new(CHANGES_CONCURRENT_MAX, CHANGE_WAIT_MAX),
            writes: KeyedSemaphore::new(WRITES_CONCURRENT_MAX),
        }
    }

    /// Takes one unit of a budget.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then nothing is taken.
    pub fn take(&self, user: UserId, budget: Budget, now: Timestamp) -> Result<(), Refusal> {
        self.with(user, |account| account.take(budget, &self.rates, now))
    }

    /// Takes one unit where no store is available: it is not added to the session row.
    ///
    /// # Errors
    ///
    /// As [`Limiter::take`].
    pub fn take_here(&self, user: UserId, budget: Budget, now: Timestamp) -> Result<(), Refusal> {
        self.with(user, |account| account.take_here(budget, &self.rates, now))
    }

    /// Checks that a budget allows a read, which is charged afterwards.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`].
    pub fn check(&self, user: UserId, budget: Budget, now: Timestamp) -> Result<(), Refusal> {
        self.with(user, |account| account.check(budget, &self.rates, now))
    }

    /// Waits a limited time until few other answers to the user are read. The caller then checks what is left of the
    /// budget.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then nothing is taken, and no request waits behind this one.
    pub async fn read_permit(
        &self,
        user: UserId,
        sleeper: &dyn Sleeper,
    ) -> Result<Permit<'_, UserId>, Refusal> {
        self.answers.acquire(user, sleeper).await
    }

    /// Waits a limited time until few other changes by the user are made that cost as much as an answer.
    ///
    /// # Errors
    ///
    /// As [`Limiter::read_permit`], after a longer wait.
    pub async fn change_permit(
        &self,
        user: UserId,
        sleeper: &dyn Sleeper,
    ) -> Result<Permit<'_, UserId>, Refusal> {
        self.changes.acquire(user, sleeper).await
    }

    /// Waits without limit until few other messages and read marks of the user are being written, so that a burst
    /// within the budget is not refused. Requests get their permits in the order in which they come.
    ///
    /// A request that has this permit may wait for the permit of a conversation, never the other way round.
    pub async fn write_permit(&self, user: UserId) -> Permit<'_, UserId> {
        self.writes.acquire(user).await
    }

    /// Charges what a message costs beyond itself, if `error` is [`Refusal::NotFound`]: its recipient does not exist.
    /// No honest client sends many such messages, and the search for the recipient costs as much as a message.
    pub fn charge_unknown_recipient(&self, user: UserId, error: &Error, now: Timestamp) {
        if matches!(error, Error::Refused(Refusal::NotFound(_))) {
            self.charge(user, Budget::Writes, UNKNOWN_RECIPIENT, now);
        }
    }

    /// Begins an answer to a call that reads: takes its minimum cost, whatever the outcome.
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

    /// Answers a call that reads and has its permit, unless its user has read too much.
    ///
    /// What was taken before is added to the user's row concurrently with the read, so it costs no further round
    /// trip. Only a very large answer is added after it was read.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]: then nothing was read. Those of `reading`.
    pub async fn answer<T>(
        &self,
        sessions: &impl Sessions,
        (user, now): (UserId, Timestamp),
        reading: impl Future<Output = Result<Costed<T>, Error>>,
        bytes_of: impl Fn(&T) -> usize,
    ) -> Result<T, Error> {
        self.begin_answer(user, now)?;
        let (read, ()) = future::join(reading, self.settle(sessions, user, now)).await;
        let Costed { answer, rows } = read?;
        self.end_answer(user, bytes_of(&answer), rows, now);
        self.settle(sessions, user, now).await;
        Ok(answer)
    }

    /// Takes the cost of an answer beyond the minimum: its kilobytes, or the cost of what was read for it where that
    /// is more.
    pub fn end_answer(&self, user: UserId, bytes: usize, scanned: u32, now: Timestamp) {
        let rest = kilobytes(bytes).max(scanned).saturating_sub(ANSWER_MIN);
        if rest > 0 {
            self.charge(user, Budget::Answers, rest, now);
        }
    }

    /// Takes units that are used already, even if fewer are left.
    pub fn charge(&self, user: UserId, budget: Budget, units: u32, now: Timestamp) {
        self.with(user, |account| account.charge(budget, units, &self.rates, now));
    }

    /// Reads from a session row what all processes took together.
    pub fn observe(&self, session: &Session, now: Timestamp) {
        self.observe_budgets(session.user, &session.budgets, now);
    }

    /// Whether enough was taken here that it has to be added to the session row.
    pub fn is_due(&self, user: UserId, now: Timestamp) -> bool {
        self.accounts().get(&user).is_some_and(|account| account.is_due(&self.rates, now))
    }

    /// Adds what was taken to the session row if that is due, for calls that renew no lease.
    ///
    /// Best effort: this process counts what was taken in any case.
    pub async fn settle(&self, sessions: &impl Sessions, user: UserId, now: Timestamp) {
        if !self.is_due(user, now) {
            return;
        }
        match sessions.charge(user, &self.take_charges(user, true, now), now).await {
            Ok(budgets) => self.observe_budgets(user, &budgets, now),
            Err(error) => {
                tracing::warn!(event = "charge_failed", error = chain(&error), "a charge is lost");
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use confab_domain::budget::LOCAL_RATES;

    use super::*;

    /// A sleeper that sleeps until it is ended.
    #[derive(Clone, Debug, Default)]
    struct Night(Arc<AtomicBool>);

    impl Night {
        fn end(&self) {
            self.0.store(true, Relaxed);
        }
    }

    impl Sleeper for Night {
        fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            assert_eq!(duration, PERMIT_WAIT_MAX);
            let Self(is_over) = self.clone();
            Box::pin(poll_fn(move |_| if is_over.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }))
        }
    }

    fn user(n: u32) -> UserId {
        format!("usr_{n:026}").parse().unwrap()
    }

    /// The permit or the refusal, if it is ready; `None` while the request waits.
    fn now<T>(asking: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match asking.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_request_that_waits_too_long_gets_a_time_to_retry_and_no_request_waits_behind_it() {
        let (limiter, long, short) = (Limiter::new(LOCAL_RATES), Night::default(), Night::default());
        let (ada, bob) = (user(1), user(2));
        let held = || now(pin!(limiter.read_permit(ada, &long))).expect("a permit").ok();
        let mut held: Vec<_> = (0..ANSWERS_CONCURRENT_MAX).map(|_| held()).collect();
        let mut first = pin!(limiter.read_permit(ada, &short));
        let mut second = pin!(limiter.read_permit(ada, &long));
        assert!(now(first.as_mut()).is_none() && now(second.as_mut()).is_none());
        assert!(now(pin!(limiter.read_permit(bob, &long))).is_some(), "another user has to wait");
        short.end();
        let refused = now(first.as_mut()).expect("an outcome").err();
        assert_eq!(refused, Some(Refusal::RateLimited { retry_after: PERMIT_WAIT_MAX }));
        assert!(now(second.as_mut()).is_none());
        held.pop();
        held.push(now(second.as_mut()).expect("the refused request is still before it").ok());
        assert!(now(pin!(limiter.read_permit(ada, &long))).is_none(), "one permit too many");
        drop(held);
        assert!(limiter.answers.is_idle());
    }

    #[test]
    fn a_free_permit_is_granted_even_if_the_time_to_wait_is_over() {
        let (limiter, night) = (Limiter::new(LOCAL_RATES), Night::default());
        let held = || now(pin!(limiter.read_permit(user(1), &night))).expect("a permit").ok();
        let held: Vec<_> = (0..ANSWERS_CONCURRENT_MAX).map(|_| held()).collect();
        let mut late = pin!(limiter.read_permit(user(1), &night));
        assert!(now(late.as_mut()).is_none());
        night.end();
        drop(held);
        assert!(now(late).is_some_and(|permit| permit.is_ok()));
        assert!(limiter.answers.is_idle());
    }
}
