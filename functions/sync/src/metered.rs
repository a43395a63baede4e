//! Read budget of a `sync`: charged while the `sync` reads.

use confab_app::Limiter;
use confab_app::ports::{CloseOutcome, Connections, PostOutcome, StoreError};
use confab_app::sync::{ScannedConversation, SyncQuery};
use confab_domain::budget::{Budget, kilobytes};
use confab_domain::{ConnectionId, Timestamp, UserId};

/// Open connections that charge each posted frame to a user.
#[derive(Debug)]
pub(crate) struct Metered<'a, C> {
    pub(crate) connections: &'a C,
    pub(crate) limiter: &'a Limiter,
    pub(crate) user: UserId,
    pub(crate) now: Timestamp,
}

impl<C> Metered<'_, C> {
    /// Charges a kilobyte for each cursor: its conversation is read even if it has nothing new.
    pub(crate) fn begin(&self, sync: &SyncQuery) {
        self.charge(u32::try_from(sync.cursors.len()).unwrap_or(u32::MAX));
    }

    /// Charges a kilobyte for a scanned conversation without a cursor, as for one with a cursor. Its posted messages
    /// are charged besides. A 1:1 conversation in which the user has not written is free: strangers open as many as
    /// they like.
    pub(crate) fn charge_scan(&self, sync: &SyncQuery, scanned: &ScannedConversation) {
        let is_a_strangers = scanned.conversation.group().is_none() && !scanned.has_written;
        if !is_a_strangers && !sync.cursors.contains_key(&scanned.conversation) {
            self.charge(1);
        }
    }

    fn charge(&self, kilobytes: u32) {
        self.limiter.charge(self.user, Budget::Answers, kilobytes, self.now);
    }
}

impl<C: Connections> Connections for Metered<'_, C> {
    async fn post(&self, connection: &ConnectionId, frame: &[u8]) -> Result<PostOutcome, StoreError> {
        self.charge(kilobytes(frame.len()));
        self.connections.post(connection, frame).await
    }

    async fn is_open(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        self.connections.is_open(connection).await
    }

    async fn close(&self, connection: &ConnectionId) -> Result<CloseOutcome, StoreError> {
        self.connections.close(connection).await
    }
}
