//! What calls that read are taken from their user's budget.

use axum::Json;
use confab_app::ports::Sleeper;
use confab_app::{Error, Looked, Turn, wire};
use confab_domain::UserId;
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
        looking: impl Future<Output = Result<Looked<T>, Error>>,
    ) -> Result<Json<T>, Failure> {
        let by = (caller.identity.user, caller.now);
        let ways = (&self.store, &RuntimeSleeper as &dyn Sleeper);
        Ok(Json(self.limiter.answer(ways, by, looking, wire::json_bytes).await?))
    }

    /// As [`Api::answer`], where the answer says all that was looked at.
    pub(crate) async fn answer_itself<T: Serialize>(
        &self,
        caller: &Caller,
        looking: impl Future<Output = Result<T, Error>>,
    ) -> Result<Json<T>, Failure> {
        self.answer(caller, async { looking.await.map(Looked::at_itself) }).await
    }

    /// Waits until a call may change what costs as much as an answer. No call takes two turns.
    pub(crate) async fn turn(&self, caller: &mut Caller) -> Result<Turn<'_, UserId>, Failure> {
        let turn = self.limiter.turn_to_change(caller.identity.user, &RuntimeSleeper).await?;
        // It may have waited, and a time of before would look like a clock that went back.
        caller.now = clock::now();
        Ok(turn)
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
