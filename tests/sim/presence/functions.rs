//! The functions, as a client or the queue invokes them.

use std::time::Duration;

use confab_app::connections::authorize_frame::authorize_frame;
use confab_app::ports::{Devices, Identity};
use confab_app::presence::{PresenceTask, ask, perform, renew};
use confab_app::{
    TaskFailure, accounts::end_device, connections::close_connection, connections::open_connection, contacts,
};
use confab_domain::{ConnectionId, ContactChange, Refusal, UserId};
use confab_memory::{Delayed, Phones};
use confab_protocol::server::UserPresence;

use super::server::Server;
use super::world::World;
use crate::world::{device_of, key, socket};

impl World {
    /// The `$connect` function.
    pub(crate) async fn connect(
        &self,
        identity: Identity,
        connection: ConnectionId,
    ) -> Option<Result<(), Refusal>> {
        let server = Server::new(self);
        let context = server.context();
        let connection = socket(identity, &connection, context.now);
        self.note_rows_before(identity.user);
        self.invoke(&server, open_connection::open_connection(&context, &server, identity, &connection)).await
    }

    /// The `$disconnect` function.
    pub(crate) async fn disconnect(&self, identity: Identity, connection: ConnectionId) {
        let server = Server::new(self);
        let (key, now) = (key(identity, &connection), server.context().now);
        self.invoke(&server, close_connection::close_connection(&server, identity.user, key, now)).await;
    }

    /// The `heartbeat` function.
    pub(crate) async fn heartbeat(
        &self,
        identity: Identity,
        connection: ConnectionId,
    ) -> Option<Result<Duration, Refusal>> {
        let server = Server::new(self);
        let context = server.context();
        let connection = socket(identity, &connection, context.now);
        self.invoke(&server, renew::heartbeat(&context, &server, &self.limiter, identity, &connection)).await
    }

    /// Any other frame; here, a presence query.
    pub(crate) async fn get_presence(
        &self,
        identity: Identity,
        connection: ConnectionId,
        users: Vec<UserId>,
    ) -> Option<Result<Vec<UserPresence>, Refusal>> {
        let server = Server::new(self);
        let asked = async {
            let context = server.context();
            let connection = socket(identity, &connection, context.now);
            authorize_frame(&context, &server, &self.limiter, identity, &connection).await?;
            ask::get_presence(&context, &server, identity.user, &users).await.map(|asked| asked.answer)
        };
        self.invoke(&server, asked).await
    }

    /// `DELETE /v1/devices`.
    pub(crate) async fn log_out(&self, identity: Identity) -> Option<Result<bool, Refusal>> {
        let server = Server::new(self);
        let context = server.context();
        let Identity { user, device, family } = identity;
        let ways = (&server, &Phones::default());
        self.invoke(&server, end_device::end_device(&context, ways, user, device, Some(family))).await
    }

    /// The writes of a login.
    pub(crate) fn log_in(&self, identity: Identity) {
        let device = device_of(identity, self.clock.now());
        self.peek(self.memory.put_device(&device)).unwrap();
    }

    /// `PUT` and `DELETE` of contacts and blocks.
    pub(crate) async fn change_contact(&self, user: UserId, other: UserId, change: ContactChange) {
        let server = Server::new(self);
        let context = server.context();
        let changed = async {
            match change {
                ContactChange::Put => {
                    contacts::put_contact(&context, &server, user, other).await?;
                }
                ContactChange::Remove => contacts::remove_contact(&context, &server, user, other).await?,
                ContactChange::Block => contacts::block(&context, &server, user, other).await?,
                ContactChange::Unblock => contacts::unblock(&context, &server, user, other).await?,
            }
            Ok(())
        };
        self.invoke(&server, changed).await;
    }

    /// The `presence` function, for one record; false if the record is to be retried.
    pub(crate) async fn perform(&self, delayed: &Delayed<PresenceTask>) -> bool {
        let Delayed { task, received_before, .. } = delayed;
        let server = Server::new(self);
        server.performs(task);
        let performed = async {
            match perform(&server.context(), (&server, &self.pushes), task, *received_before).await {
                Ok(()) => Ok(()),
                Err(TaskFailure::Retry(error)) => Err(error),
                Err(TaskFailure::Permanent(why)) => {
                    self.fault(format!("{task:?} is dead-lettered: {why}"));
                    Ok(())
                }
            }
        };
        self.invoke(&server, performed).await.is_some()
    }
}
