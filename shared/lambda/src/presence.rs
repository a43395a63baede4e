//! What a function needs to keep presence.

use std::sync::Arc;

use confab_app::Error;
use confab_app::presence::{Context, Probes};
use confab_domain::Timestamp;
use confab_domain::lease::HeartbeatPolicy;
use confab_queue_sqs::SqsPresenceQueue;
use confab_store_dynamodb::Store;

use crate::random;
use crate::sleeper::RuntimeSleeper;

/// The queue of looks, and how long silence may last.
#[derive(Clone, Debug)]
pub struct PresencePorts {
    /// What is looked at later.
    pub queue: SqsPresenceQueue,
    /// How often clients are heard from, and how long that lasts.
    pub policy: HeartbeatPolicy,
    /// Who was asked lately whether they are alive.
    pub probes: Arc<Probes>,
}

impl PresencePorts {
    /// What one request keeps presence with.
    ///
    /// # Errors
    ///
    /// As [`random::watch`].
    pub fn context<'a>(
        &'a self,
        store: &'a Store,
        now: Timestamp,
    ) -> Result<Context<'a, Store, SqsPresenceQueue>, Error> {
        let (queue, policy, watch) = (&self.queue, self.policy, random::watch()?);
        Ok(Context { store, queue, policy, watch, sleeper: &RuntimeSleeper, now })
    }
}
