//! Methods of an intercepting store of inbox rows that plant no bug.

/// Methods of [`Inboxes`](confab_app::ports::Inboxes) that pass a call on, by name.
macro_rules! pass_on_inboxes {
    ($($method:ident)*) => {
        $(crate::passed_on_inboxes::inbox_method!($method);)*
    };
}

macro_rules! inbox_method {
    (claim) => {
        async fn claim(
            &self,
            key: confab_app::ports::ClaimKey<'_>,
            now: confab_domain::Timestamp,
        ) -> Result<confab_app::ports::ClaimOutcome, confab_app::ports::StoreError> {
            self.world.memory.claim(key, now).await
        }
    };
    (renew_claim) => {
        async fn renew_claim(
            &self,
            key: confab_app::ports::ClaimKey<'_>,
            claimed_at: confab_domain::Timestamp,
        ) -> Result<bool, confab_app::ports::StoreError> {
            self.world.memory.renew_claim(key, claimed_at).await
        }
    };
    (release_claim) => {
        async fn release_claim(
            &self,
            key: confab_app::ports::ClaimKey<'_>,
            claimed_at: confab_domain::Timestamp,
        ) -> Result<(), confab_app::ports::StoreError> {
            self.world.memory.release_claim(key, claimed_at).await
        }
    };
    (open) => {
        async fn open(
            &self,
            conversation: confab_domain::ConversationId,
            members: [confab_domain::UserId; 2],
        ) -> Result<(), confab_app::ports::StoreError> {
            self.world.memory.open(conversation, members).await
        }
    };
    (leave) => {
        async fn leave(
            &self,
            user: confab_domain::UserId,
            conversation: confab_domain::ConversationId,
            seq: confab_domain::Seq,
        ) -> Result<(), confab_app::ports::StoreError> {
            self.world.memory.leave(user, conversation, seq).await
        }
    };
    (forget) => {
        async fn forget(
            &self,
            user: confab_domain::UserId,
            conversation: confab_domain::ConversationId,
            seq: confab_domain::Seq,
        ) -> Result<(), confab_app::ports::StoreError> {
            self.world.memory.forget(user, conversation, seq).await
        }
    };
    (list) => {
        async fn list(
            &self,
            user: confab_domain::UserId,
            after: Option<confab_domain::ConversationId>,
            rows_max: u32,
            consistency: confab_app::ports::Consistency,
        ) -> Result<confab_app::ports::InboxPage, confab_app::ports::StoreError> {
            self.world.memory.list(user, after, rows_max, consistency).await
        }
    };
    (replace_alerts) => {
        async fn replace_alerts(
            &self,
            user: confab_domain::UserId,
            seen: &confab_app::ports::InboxRow,
            next: &confab_domain::Alerts,
        ) -> Result<confab_app::ports::ReplaceOutcome, confab_app::ports::StoreError> {
            self.world.memory.replace_alerts(user, seen, next).await
        }
    };
    (get) => {
        async fn get(
            &self,
            user: confab_domain::UserId,
            conversation: confab_domain::ConversationId,
            consistency: confab_app::ports::Consistency,
        ) -> Result<Option<confab_app::ports::InboxRow>, confab_app::ports::StoreError> {
            self.world.memory.get(user, conversation, consistency).await
        }
    };
    (mark_read) => {
        async fn mark_read(
            &self,
            user: confab_domain::UserId,
            conversation: confab_domain::ConversationId,
            seq: confab_domain::Seq,
        ) -> Result<confab_app::ports::MarkReadOutcome, confab_app::ports::StoreError> {
            self.world.memory.mark_read(user, conversation, seq).await
        }
    };
    (mute) => {
        async fn mute(
            &self,
            user: confab_domain::UserId,
            conversation: confab_domain::ConversationId,
            until: Option<confab_domain::Timestamp>,
        ) -> Result<bool, confab_app::ports::StoreError> {
            self.world.memory.mute(user, conversation, until).await
        }
    };
    (accept_adds) => {
        async fn accept_adds(
            &self,
            user: confab_domain::UserId,
            conversation: confab_domain::ConversationId,
        ) -> Result<bool, confab_app::ports::StoreError> {
            self.world.memory.accept_adds(user, conversation).await
        }
    };
}

pub(crate) use {inbox_method, pass_on_inboxes};
