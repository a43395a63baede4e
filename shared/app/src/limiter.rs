//! Budgets of users, as far as one process counts them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use confab_domain::budget::{ANSWER_MIN, Account, Budget, BudgetRates, Budgets, Charges, kilobytes};
use confab_domain::{Refusal, Timestamp, UserId};
use futures_util::future;

use crate::chain;
use crate::generations::Generations;
use crate::keyed_semaphore::{KeyedSemaphore, Permit};
use crate::ports::{Session, Sessions, Sleeper};
use crate::user_permits::{CHANGE_WAIT_MAX, PERMIT_WAIT_MAX, UserPermits};
use crate::{Costed, Error};

/// Users that are remembered at most. Unit: users of about 300 bytes each.
const CAPACITY: usize = 10_000;

/// Answers to one user that a process reads side by side. Each is charged when it was read, so more would be read at once
/// than is left.
const ANSWERS_CONCURRENT_MAX: usize = 3;

/// Changes by one user that a process makes side by side, of groups, contacts and whatever else asks a store often.
const CHANGES_CONCURRENT_MAX: usize = 3;

/// Messages and read markers of one user that a process writes and announces side by side. Where all users share one store
/// on one machine, as on the local runner, more of one user would hold up the others, and come no sooner.
const WRITES_CONCURRENT_MAX: usize = 4;

/// What a message to a recipient who does not exist counts beyond the message itself. Unit: messages.
const UNKNOWN_RECIPIENT: u32 = 9;

/// What each user may still ask for, while a process is warm.
///
/// Kept in memory, so that a refusal costs no call to a store. What is taken here is added to the user's session row now
/// and then, and what other processes took is learnt there.
#[derive(Debug)]
pub struct Limiter {
    rates: BudgetRates,
    accounts: Mutex<Generations<UserId, Account>>,
    answers: UserPermits,
    changes: UserPermits,
    writes: KeyedSemaphore<UserId>,
}

impl Limiter {
    /// One that nobody has taken anything from.
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

    /// Waits, but not for long, until few other answers to the user are read; then it can be checked what is left.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`]; then nothing is taken, and nobody waits behind it.
    pub async fn read_permit(
        &self,
        user: UserId,
        sleeper: &dyn Sleeper,
    ) -> Result<Permit<'_, UserId>, Refusal> {
        self.answers.acquire(user, sleeper).await
    }

    /// Waits until few other changes by the user are made that cost as much as an answer.
    ///
    /// # Errors
    ///
    /// As [`Limiter::read_permit`], but later.
    pub async fn change_permit(
        &self,
        user: UserId,
        sleeper: &dyn Sleeper,
    ) -> Result<Permit<'_, UserId>, Refusal> {
        self.changes.acquire(user, sleeper).await
    }

    /// Waits, for as long as it takes, until few other messages and read markers of the user are under way: a burst within the
    /// budget is not refused. They go in the order in which they come.
    ///
    /// Whoever has a turn may wait for the lane of a conversation, and never the other way round.
    pub async fn write_permit(&self, user: UserId) -> Permit<'_, UserId> {
        self.writes.acquire(user).await
    }

    /// Takes what a message counts beyond itself whose recipient does not exist: no honest client sends many, and the search
    /// for the recipient costs as much as a message.
    pub fn charge_unknown_recipient(&self, user: UserId, error: &Error, now: Timestamp) {
        if matches!(error, Error::Refused(Refusal::NotFound(_))) {
            self.charge(user, Budget::Writes, UNKNOWN_RECIPIENT, now);
        }
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

    /// Answers a call that reads, whose turn it is, unless its user has read too much.
    ///
    /// What was taken before is added to the user's row beside it, so that it takes no round trip more; only a very large
    /// answer is added after it was read.
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

    /// Takes what an answer counts beyond that: its kilobytes, or what was looked at for it where that is more.
    pub fn end_answer(&self, user: UserId, bytes: usize, scanned: u32, now: Timestamp) {
        let rest = kilobytes(bytes).max(scanned).saturating_sub(ANSWER_MIN);
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

    /// Sleeps until it is over.
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

    /// The turn or the refusal that is there; `None` where it is waited for.
    fn now<T>(asking: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match asking.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    #[test]
    fn who_waits_too_long_for_their_turn_is_told_when_to_ask_again_and_nobody_waits_behind_them() {
        let (limiter, long, short) = (Limiter::new(LOCAL_RATES), Night::default(), Night::default());
        let (ada, bob) = (user(1), user(2));
        let held = || now(pin!(limiter.read_permit(ada, &long))).expect("a place").ok();
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
        held.push(now(second.as_mut()).expect("somebody is before it who was refused").ok());
        assert!(now(pin!(limiter.read_permit(ada, &long))).is_none(), "a place too many");
        drop(held);
        assert!(limiter.answers.is_idle());
    }

    #[test]
    fn a_turn_that_is_there_is_taken_however_late_it_is() {
        let (limiter, night) = (Limiter::new(LOCAL_RATES), Night::default());
        let held = || now(pin!(limiter.read_permit(user(1), &night))).expect("a place").ok();
        let held: Vec<_> = (0..ANSWERS_CONCURRENT_MAX).map(|_| held()).collect();
        let mut late = pin!(limiter.read_permit(user(1), &night));
        assert!(now(late.as_mut()).is_none());
        night.end();
        drop(held);
        assert!(now(late).is_some_and(|permit| permit.is_ok()));
        assert!(limiter.answers.is_idle());
    }
}
