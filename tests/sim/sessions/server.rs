//! The stores and the gateway of one invocation, with or without a planted bug.

use confab_app::ports::{
    Account, CloseOutcome, ConnectionChange, Connections, Contact, ContactPage, Contacts, CreateUserOutcome,
    Devices, PairChange, PostOutcome, ProfileChange, Sessions, StoreError, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::{ConnectionId, Relation, Timestamp, UserId};

use super::world::World;
use crate::passed_on::{pass_on, pass_on_sessions};

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A connection that the gateway does not have counts as closed, although its handshake is in progress.
    GoneTakenForClosed,
    /// A frame acts before it is authorized.
    ActsBeforeItIsJudged,
    /// A connection is registered again although its device has no free place.
    RegisteredAgainAnyway,
    /// The login of a handshake is read before its connection is registered.
    LoginReadBeforeRegistration,
    /// Displaced connections are not kept in the row.
    DisplacedForgotten,
    /// A connection that could not be closed is not closed again.
    NotClosedAgain,
}

/// The stores and the gateway of one invocation.
pub(crate) struct Server<'a> {
    pub(crate) world: &'a World,
}

impl<'a> Server<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self { world }
    }

    fn has(&self, bug: Bug) -> bool {
        self.world.has(bug)
    }
}

impl Sessions for Server<'_> {
    pass_on_sessions!(open_connection reopen_connection renew charge replace_presence sessions session);

    async fn change_connections(
        &self,
        user: UserId,
        change: &ConnectionChange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut change = change.clone();
        let displaced = change.displaced.clone();
        if self.has(Bug::DisplacedForgotten) {
            change.closed.append(&mut change.displaced);
        }
        self.world.memory.change_connections(user, &change, now).await?;
        self.world.note_displaced(displaced.iter().map(|key| &key.id));
        Ok(())
    }
}

impl Connections for Server<'_> {
    async fn post(&self, connection: &ConnectionId, frame: &[u8]) -> Result<PostOutcome, StoreError> {
        self.world.gateway.post(connection, frame).await
    }

    async fn is_open(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        Connections::is_open(&self.world.gateway, connection).await
    }

    async fn close(&self, connection: &ConnectionId) -> Result<CloseOutcome, StoreError> {
        let outcome = self.world.gateway.close(connection).await?;
        Ok(if self.has(Bug::GoneTakenForClosed) { CloseOutcome::Closed } else { outcome })
    }
}

pass_on!(Server<'_>);
