//! Friends and lease checks on the bench.

use confab_app::ports::{Consistency, Contacts, PairChange, Sessions};
use confab_app::presence::{CloseAgain, PresenceTask, Step};
use confab_domain::{ContactChange, DeviceId, Relation, Timestamp, UserId};
use confab_lambda::clock;
use confab_protocol::server::ClosingReason;
use serde_json::json;
use ulid::Ulid;

use crate::bench::{Bench, User};
use crate::queue_bench::redeliver;

impl Bench {
    /// Makes two users friends, as if each had added the other.
    pub(crate) async fn befriend(&self, one: &User, other: &User) {
        let now = Timestamp::from_ms(1);
        let friends =
            Relation::default().after(ContactChange::Put, now).after_others(ContactChange::Put, now);
        let pair = PairChange {
            user: one.id,
            other: other.id,
            relation: [Relation::default(), friends],
            others_relation: [Relation::default(), friends],
        };
        assert!(self.store.change_pair(&pair).await.expect("a store"));
    }

    /// The record of a user's next lease check, before it is due.
    pub(crate) async fn next_lease_check(&self, user: &User) -> String {
        let session =
            self.store.session(user.id, Consistency::Strong).await.expect("a store").expect("a session");
        let watch = session.presence.watch.expect("a watch").id.0;
        let task = PresenceTask::V1(Step::Check { user: user.id.to_string(), watch, named_by_ms: None });
        serde_json::to_string(&task).expect("JSON")
    }

    /// Hands `presence` the record that a logout leaves for it, of a user with one socket and no login.
    pub(crate) async fn ends_sockets(&self, n: u128) {
        let user = UserId::new(Ulid(n));
        self.has_old_connection_of_another_device(user, "c9-1=").await;
        let (user, device) = (user.to_string(), DeviceId::new(Ulid(77)).to_string());
        let again = CloseAgain {
            user: user.clone(),
            connections: vec!["c9-2=".to_owned()],
            reason: ClosingReason::LoggedOut,
            delay_seconds: 1,
            until_ms: 0,
        };
        for step in [Step::EndSockets { user, device }, Step::CloseAgain(again)] {
            let task = serde_json::to_string(&PresenceTask::V1(step)).expect("JSON");
            assert!(!redeliver(&task, |event| self.presence.handle(event)).await);
        }
        let session = self
            .store
            .session(UserId::new(Ulid(n)), Consistency::Strong)
            .await
            .expect("a store")
            .expect("a session");
        assert_eq!(session.connections, []);
    }

    /// Sets a user's last activity to long ago.
    pub(crate) async fn was_silent_for_long(&self, user: &User) {
        self.was_renewed_at(user, Timestamp::from_ms(1)).await;
    }

    /// Has a user's device report that it is idle.
    pub(crate) async fn is_idle(&self, user: &User) {
        let frame = json!({"action": "heartbeat", "idle": true});
        assert_eq!(self.beats(user, &frame).await["type"], "heartbeat");
    }

    /// Sets a user's last activity to now.
    pub(crate) async fn is_renewed(&self, user: &User) {
        self.was_renewed_at(user, clock::now()).await;
    }

    /// Sets a user's last activity to that time, by a frame to `send`.
    pub(crate) async fn was_renewed_at(&self, user: &User, then: Timestamp) {
        let session =
            self.store.session(user.id, Consistency::Strong).await.expect("a store").expect("a session");
        let connection = &session.connections.first().expect("a connection");
        let charges = self.send.limiter.take_charges(user.id, true, clock::now());
        assert!(self.store.renew(user.id, connection, &charges, then).await.expect("a store").is_some());
    }

    /// Sets a user's watch to be ten minutes old.
    pub(crate) async fn watch_is_due_to_be_renewed(&self, user: &User) {
        let session =
            self.store.session(user.id, Consistency::Strong).await.expect("a store").expect("a session");
        let mut renewed = session.presence;
        renewed.watch.as_mut().expect("a watch").until = clock::now();
        assert!(self.store.replace_presence(user.id, &session.presence, &renewed).await.expect("a store"));
    }

    /// Sets a user to have been alone for long, so that the device sends heartbeats rarely.
    pub(crate) async fn was_alone_for_long(&self, user: &User) {
        let session =
            self.store.session(user.id, Consistency::Strong).await.expect("a store").expect("a session");
        let mut alone = session.presence;
        alone.lease.alone_since = Some(Timestamp::from_ms(1));
        assert!(self.store.replace_presence(user.id, &session.presence, &alone).await.expect("a store"));
    }
}
