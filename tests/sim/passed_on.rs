//! Methods of an intercepting store that plant no bug.

use confab_app::ports::{
    Account, Contact, ContactPage, Contacts, CreateUserOutcome, Devices, PairChange, ProfileChange, Session,
    Sessions, StoreError, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::{Relation, UserId};

use crate::planted::Store;

/// Methods of [`Sessions`] that pass a call on, by name.
macro_rules! pass_on_sessions {
    ($($method:ident)*) => {
        $(crate::passed_on::session_method!($method);)*
    };
}

macro_rules! session_method {
    (open_connection) => {
        async fn open_connection(
            &self,
            user: confab_domain::UserId,
            connection: &confab_app::ports::Connection,
            now: confab_domain::Timestamp,
        ) -> Result<confab_app::ports::OpenOutcome, confab_app::ports::StoreError> {
            self.world.memory.open_connection(user, connection, now).await
        }
    };
    (reopen_connection) => {
        async fn reopen_connection(
            &self,
            user: confab_domain::UserId,
            connection: &confab_app::ports::Connection,
            now: confab_domain::Timestamp,
        ) -> Result<confab_app::ports::ReopenOutcome, confab_app::ports::StoreError> {
            self.world.memory.reopen_connection(user, connection, now).await
        }
    };
    (renew) => {
        async fn renew(
            &self,
            user: confab_domain::UserId,
            connection: &confab_app::ports::Connection,
            charges: &confab_domain::budget::Charges,
            now: confab_domain::Timestamp,
        ) -> Result<Option<confab_app::ports::Session>, confab_app::ports::StoreError> {
            self.world.memory.renew(user, connection, charges, now).await
        }
    };
    (charge) => {
        async fn charge(
            &self,
            user: confab_domain::UserId,
            charges: &confab_domain::budget::Charges,
            now: confab_domain::Timestamp,
        ) -> Result<confab_domain::budget::Budgets, confab_app::ports::StoreError> {
            self.world.memory.charge(user, charges, now).await
        }
    };
    (change_connections) => {
        async fn change_connections(
            &self,
            user: confab_domain::UserId,
            change: &confab_app::ports::ConnectionChange,
            now: confab_domain::Timestamp,
        ) -> Result<(), confab_app::ports::StoreError> {
            self.world.memory.change_connections(user, change, now).await
        }
    };
    (replace_presence) => {
        async fn replace_presence(
            &self,
            user: confab_domain::UserId,
            seen: &confab_domain::Presence,
            next: &confab_domain::Presence,
        ) -> Result<bool, confab_app::ports::StoreError> {
            self.world.memory.replace_presence(user, seen, next).await
        }
    };
    (sessions) => {
        async fn sessions(
            &self,
            users: &[confab_domain::UserId],
        ) -> Result<Vec<confab_app::ports::Session>, confab_app::ports::StoreError> {
            self.world.memory.sessions(users).await
        }
    };
    (session) => {
        async fn session(
            &self,
            user: confab_domain::UserId,
            consistency: confab_app::ports::Consistency,
        ) -> Result<Option<confab_app::ports::Session>, confab_app::ports::StoreError> {
            self.world.memory.session(user, consistency).await
        }
    };
}

pub(crate) use {pass_on_sessions, session_method};

impl Sessions for Store<'_> {
    pass_on_sessions!(open_connection reopen_connection renew charge change_connections replace_presence);
    pass_on_sessions!(session);

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let early = self.sessions_at_claim();
        match early {
            Some(sessions) => Ok(sessions),
            None => self.world.memory.sessions(users).await,
        }
    }
}

/// Methods of the rate limits that pass a call on.
macro_rules! pass_on_rate_limits {
    ($server:ty) => {
        impl confab_app::ports::RateLimits for $server {
            async fn take(
                &self,
                bucket: &str,
                rate: confab_domain::rate::Rate,
                now: confab_domain::Timestamp,
            ) -> Result<Result<(), confab_domain::Refusal>, confab_app::ports::StoreError> {
                self.world.memory.take(bucket, rate, now).await
            }

            async fn check(
                &self,
                bucket: &str,
                rate: confab_domain::rate::Rate,
                now: confab_domain::Timestamp,
            ) -> Result<Result<(), confab_domain::Refusal>, confab_app::ports::StoreError> {
                self.world.memory.check(bucket, rate, now).await
            }

            async fn refill(&self, bucket: &str) -> Result<(), confab_app::ports::StoreError> {
                self.world.memory.refill(bucket).await
            }
        }
    };
}

/// Implements the ports in which most simulations plant no bug.
macro_rules! pass_on {
    ($server:ty) => {
        crate::passed_on::pass_on_users!($server);

        impl Contacts for $server {
            async fn relation(&self, user: UserId, other: UserId) -> Result<Relation, StoreError> {
                self.world.memory.relation(user, other).await
            }

            async fn relations(&self, user: UserId, others: &[UserId]) -> Result<Vec<Contact>, StoreError> {
                self.world.memory.relations(user, others).await
            }

            async fn contacts(
                &self,
                user: UserId,
                after: Option<UserId>,
                rows_max: u32,
            ) -> Result<ContactPage, StoreError> {
                self.world.memory.contacts(user, after, rows_max).await
            }

            async fn change_pair(&self, change: &PairChange) -> Result<bool, StoreError> {
                self.world.memory.change_pair(change).await
            }
        }
    };
}

/// The same, without contacts.
macro_rules! pass_on_users {
    ($server:ty) => {
        impl Users for $server {
            async fn create_user(
                &self,
                account: &Account,
                device: &Device,
                invite: Option<&confab_domain::invite::Invite>,
            ) -> Result<CreateUserOutcome, StoreError> {
                self.world.memory.create_user(account, device, invite).await
            }

            async fn user_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
                self.world.memory.user_by_handle(handle).await
            }

            async fn user(&self, user: UserId) -> Result<Option<Account>, StoreError> {
                self.world.memory.user(user).await
            }

            async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError> {
                self.world.memory.profiles(users).await
            }

            async fn change_profile(
                &self,
                user: UserId,
                change: &ProfileChange,
            ) -> Result<Option<Account>, StoreError> {
                self.world.memory.change_profile(user, change).await
            }

            async fn claim_password_change(
                &self,
                user: UserId,
                change: &confab_app::ports::PasswordChange,
                now: confab_domain::Timestamp,
            ) -> Result<bool, StoreError> {
                self.world.memory.claim_password_change(user, change, now).await
            }

            async fn replace_password(
                &self,
                user: UserId,
                replacement: &confab_app::ports::PasswordReplacement,
                hash: &confab_app::ports::PasswordHash,
            ) -> Result<bool, StoreError> {
                self.world.memory.replace_password(user, replacement, hash).await
            }
        }

        impl Devices for $server {
            crate::passed_on_devices::pass_on_devices!(put_device device devices rotate mark_generation_used);
            crate::passed_on_devices::pass_on_devices!(register_push replace_endpoint drop_push remove_device);
        }
    };
}

/// The same for groups.
macro_rules! pass_on_groups {
    ($server:ty) => {
        impl Groups for $server {
            async fn group(&self, group: GroupId) -> Result<Option<Group>, StoreError> {
                self.world.memory.group(group).await
            }

            async fn groups(&self, groups: &[GroupId]) -> Result<Vec<Group>, StoreError> {
                self.world.memory.groups(groups).await
            }

            async fn join(
                &self,
                conversation: ConversationId,
                seq: Seq,
                joining: &Joining,
            ) -> Result<CommitOutcome, StoreError> {
                self.world.memory.join(conversation, seq, joining).await
            }

            async fn membership_count(&self, user: UserId) -> Result<Option<MembershipCount>, StoreError> {
                self.world.memory.membership_count(user).await
            }

            async fn replace_membership_count(
                &self,
                user: UserId,
                seen: Option<MembershipCount>,
                next: MembershipCount,
            ) -> Result<CommitOutcome, StoreError> {
                self.world.memory.replace_membership_count(user, seen, next).await
            }

            async fn create_group(&self, group: &Group, entry: &Message) -> Result<(), StoreError> {
                self.world.memory.create_group(group, entry).await
            }

            async fn commit(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
                self.world.memory.commit(version).await
            }
        }
    };
}

pub(crate) use {pass_on, pass_on_groups, pass_on_rate_limits, pass_on_users};

pass_on!(Store<'_>);
