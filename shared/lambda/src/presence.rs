//! Ports of presence.

use std::sync::Arc;

use confab_app::Error;
use confab_app::presence::{Context, Probes};
use confab_aws::queue_sqs::SqsPresenceQueue;
use confab_domain::Timestamp;
use confab_domain::lease::HeartbeatPolicy;
use confab_store_dynamodb::Store;

use crate::random;
use crate::sleeper::RuntimeSleeper;

/// Ports and policy that presence needs.
#[derive(Clone, Debug)]
pub struct PresencePorts {
    /// Queue of lease checks.
    pub queue: SqsPresenceQueue,
    /// Heartbeat interval and presence timeout.
    pub policy: HeartbeatPolicy,
    /// Users who were probed recently.
    pub probes: Arc<Probes>,
}

impl PresencePorts {
    /// Context of presence for one request.
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
