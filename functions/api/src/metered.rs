//! What calls that read are taken from their user's budget.

use axum::Json;
use confab_app::authenticate::check_login;
use confab_app::{Costed, Error, Permit, wire};
use confab_domain::{Timestamp, UserId};
use confab_lambda::clock;
use confab_lambda::sleeper::RuntimeSleeper;
use serde::Serialize;

use crate::Api;
use crate::answer::Failure;
use crate::extract::Caller;

/// What a call counts that asks SNS for something: the whole account has a quota of those. Unit: kilobytes, of which a user
/// has 64 000 at once, so 250 of these.
const PUSH_SERVICE_CALL: u32 = 256;

impl Api {
    /// Answers a call that reads, unless its user has read too much.
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

    /// As [`Api::answer`], where the answer says all that was looked at.
    pub(crate) async fn answer_itself<T: Serialize>(
        &self,
        caller: &Caller,
        reading: impl Future<Output = Result<T, Error>>,
    ) -> Result<Json<T>, Failure> {
        self.answer(caller, async { reading.await.map(Costed::free) }).await
    }

    /// Waits until a call may change what costs as much as an answer. No call takes two turns.
    ///
    /// # Errors
    ///
    /// [`Refusal::RateLimited`](confab_domain::Refusal::RateLimited); [`Refusal::Unauthenticated`](confab_domain::Refusal::Unauthenticated)
    /// where the login has ended meanwhile.
    pub(crate) async fn change_permit(&self, caller: &mut Caller) -> Result<Permit<'_, UserId>, Failure> {
        let permit = self.limiter.change_permit(caller.identity.user, &RuntimeSleeper).await?;
        caller.now = self.judge_again(caller, &permit).await?;
        Ok(permit)
    }

    /// Waits until a message may be sent.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unauthenticated`](confab_domain::Refusal::Unauthenticated) where the login has ended meanwhile.
    pub(crate) async fn send_permit(&self, caller: &mut Caller) -> Result<Permit<'_, UserId>, Failure> {
        let permit = self.limiter.write_permit(caller.identity.user).await;
        caller.now = self.judge_again(caller, &permit).await?;
        Ok(permit)
    }

    /// Gives the time at which a call goes on, after a wait only if its login is still alive.
    async fn judge_again(&self, caller: &Caller, permit: &Permit<'_, UserId>) -> Result<Timestamp, Failure> {
        if !permit.has_waited() {
            return Ok(caller.now);
        }
        check_login(&self.store, caller.identity).await?;
        Ok(clock::now())
    }

    /// Takes what a call counts that asks the push service for something.
    pub(crate) async fn take_push_call(&self, caller: &Caller) -> Result<(), Failure> {
        let (user, now) = (caller.identity.user, caller.now);
        self.limiter.begin_answer(user, now)?;
        self.limiter.end_answer(user, 0, PUSH_SERVICE_CALL, now);
        self.limiter.settle(&self.store, user, now).await;
        Ok(())
    }
}
