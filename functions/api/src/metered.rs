//! Read budget: what each call that reads is charged.

use axum::Json;
use confab_app::accounts::authenticate::check_login;
use confab_app::{Costed, Error, Permit, wire};
use confab_domain::{Timestamp, UserId};
use confab_lambda::clock;
use confab_lambda::sleeper::RuntimeSleeper;
use serde::Serialize;

use crate::Api;
use crate::answer::Failure;
use crate::extract::Caller;

/// Cost of a call that makes a request to SNS, which has a quota for the whole account. Unit: kilobytes; a burst of 64
/// 000 kilobytes allows 250 such calls.
const PUSH_SERVICE_CALL: u32 = 256;

impl Api {
    /// Answers a call that reads, unless its user's read budget is used up.
    pub(crate) async fn answer<T: Serialize>(
        &self,
        caller: &Caller,
        reading: impl Future<Output = Result<Costed<T>, Error>>,
    ) -> Result<Json<T>, Failure> {
        let user = caller.identity.user;
        let permit = self.limiter.read_permit(user, &RuntimeSleeper).await?;
        let now = self.judge_again(caller, &permit).await?;
        Ok(Json(self.limiter.answer(&self.store, (user, now), reading, wire::json_bytes).await?))
    }

    /// As [`Api::answer`], for calls whose cost is the size of their answer.
    pub(crate) async fn answer_itself<T: Serialize>(
        &self,
        caller: &Caller,
        reading: impl Future<Output = Result<T, Error>>,
    ) -> Result<Json<T>, Failure> {
        self.answer(caller, async { reading.await.map(Costed::free) }).await
    }

    /// Waits for one of the user's permits for changes that cost as much as an answer. A call takes at most one permit.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`](confab_domain::Refusal::RateLimited) if no permit is free in time;
    /// [`Refusal::Unauthenticated`](confab_domain::Refusal::Unauthenticated) if the login has ended meanwhile.
    pub(crate) async fn change_permit(&self, caller: &mut Caller) -> Result<Permit<'_, UserId>, Failure> {
        let permit = self.limiter.change_permit(caller.identity.user, &RuntimeSleeper).await?;
        caller.now = self.judge_again(caller, &permit).await?;
        Ok(permit)
    }

    /// Waits for one of the user's permits for messages.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unauthenticated`](confab_domain::Refusal::Unauthenticated) if the login has ended meanwhile.
    pub(crate) async fn send_permit(&self, caller: &mut Caller) -> Result<Permit<'_, UserId>, Failure> {
        let permit = self.limiter.write_permit(caller.identity.user).await;
        caller.now = self.judge_again(caller, &permit).await?;
        Ok(permit)
    }

    /// Returns the time at which the call goes on; after a wait, checks first that the login is still alive.
    async fn judge_again(&self, caller: &Caller, permit: &Permit<'_, UserId>) -> Result<Timestamp, Failure> {
        if !permit.has_waited() {
            return Ok(caller.now);
        }
        check_login(&self.store, caller.identity).await?;
        Ok(clock::now())
    }

    /// Charges a call that makes a request to the push service.
    pub(crate) async fn take_push_call(&self, caller: &Caller) -> Result<(), Failure> {
        let (user, now) = (caller.identity.user, caller.now);
        self.limiter.begin_answer(user, now)?;
        self.limiter.end_answer(user, 0, PUSH_SERVICE_CALL, now);
        self.limiter.settle(&self.store, user, now).await;
        Ok(())
    }
}
