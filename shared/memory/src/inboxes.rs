//! Inbox rows, with their claims.

use std::collections::BTreeMap;
use std::ops::Bound;

use confab_app::ports::{
    ClaimKey, InboxPage, InboxRow, Inboxes, Joining, MarkReadOutcome, ReplaceOutcome, StoreError,
};
use confab_domain::claim::{Claim, ClaimWindow, REMEMBERED};
use confab_domain::{Alerts, ClientMessageId, ConversationId, Joined, Seq, Timestamp, UserId};

use crate::Memory;

#[derive(Debug)]
pub(crate) struct InboxTable {
    rows: BTreeMap<UserId, BTreeMap<ConversationId, Row>>,
    alert_writes: Vec<AlertWrite>,
    /// Places for claims in a new row.
    claims_max: usize,
}

impl Default for InboxTable {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), alert_writes: Vec::new(), claims_max: REMEMBERED }
    }
}

/// A change of what a member's phones were told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertWrite {
    /// Whose row it was.
    pub user: UserId,
    /// As it was before.
    pub before: InboxRow,
    /// What it says of alerts since.
    pub after: Alerts,
}

#[derive(Debug)]
struct Row {
    joined: Joined,
    read_seq: Option<Seq>,
    muted_until: Option<Timestamp>,
    alerts: Alerts,
    added_by: Option<UserId>,
    claims: ClaimWindow<ClientMessageId>,
}

impl Row {
    fn new(joined: Joined, claims_max: usize) -> Self {
        Self {
            joined,
            read_seq: None,
            muted_until: None,
            alerts: Alerts::default(),
            added_by: None,
            claims: ClaimWindow::new(claims_max),
        }
    }

    fn show(&self, conversation: ConversationId) -> InboxRow {
        InboxRow {
            conversation,
            joined: self.joined.clone(),
            read_seq: self.read_seq,
            muted_until: self.muted_until,
            alerts: self.alerts,
            added_by: self.added_by,
            has_written: self.claims.slots().len() > 0,
        }
    }
}

impl InboxTable {
    fn row(&self, user: UserId, conversation: ConversationId) -> Option<&Row> {
        self.rows.get(&user)?.get(&conversation)
    }

    fn row_mut(&mut self, user: UserId, conversation: ConversationId) -> Option<&mut Row> {
        self.rows.get_mut(&user)?.get_mut(&conversation)
    }

    /// The row of somebody who is in the conversation now.
    fn members_row(&mut self, user: UserId, conversation: ConversationId) -> Option<&mut Row> {
        self.row_mut(user, conversation).filter(|row| row.joined.since().is_some())
    }

    /// Gives each row that is made from now on so many places for claims.
    pub(crate) fn set_claims_max(&mut self, claims_max: usize) {
        self.claims_max = claims_max;
    }

    /// Begins a membership of a group, unless one has begun.
    pub(crate) fn join(&mut self, joining: &Joining, conversation: ConversationId, seq: Seq) {
        let claims_max = self.claims_max;
        let rows = self.rows.entry(joining.user).or_default();
        let new = || Row::new(Joined::new(Vec::new(), None), claims_max);
        let row = rows.entry(conversation).or_insert_with(new);
        row.joined = row.joined.clone().join(seq);
        row.added_by = joining.added_by;
    }

    /// Ends a membership of a group, if one has begun.
    pub(crate) fn leave(&mut self, user: UserId, conversation: ConversationId, seq: Seq) {
        if let Some(row) = self.members_row(user, conversation) {
            row.joined = row.joined.clone().leave(seq);
        }
    }
}

impl Memory {
    /// Every change of alerts that took effect, from the `skipped`th on, in that order.
    pub fn alert_writes(&self, skipped: usize) -> Vec<AlertWrite> {
        self.tables().inboxes.alert_writes.iter().skip(skipped).cloned().collect()
    }
}

impl Inboxes for Memory {
    async fn claim(&self, key: ClaimKey<'_>, now: Timestamp) -> Result<Claim, StoreError> {
        let ClaimKey { user, conversation, key, attempt } = key;
        self.call(|tables| {
            let row = tables.inboxes.members_row(user, conversation);
            row.map_or(Claim::NotAMember, |row| {
                row.claims.claim(|other| other == key, key.clone(), attempt, now)
            })
        })
        .await
    }

    async fn renew_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<bool, StoreError> {
        let ClaimKey { user, conversation, key, .. } = key;
        self.call(|tables| {
            let row = tables.inboxes.members_row(user, conversation);
            row.map(|row| row.claims.renew(|other| other == key, key.clone(), claimed_at)).is_some()
        })
        .await
    }

    async fn release_claim(&self, key: ClaimKey<'_>) -> Result<(), StoreError> {
        let ClaimKey { user, conversation, key, .. } = key;
        self.call(|tables| {
            if let Some(row) = tables.inboxes.row_mut(user, conversation) {
                row.claims.release(|other| other == key);
            }
        })
        .await
    }

    async fn open(&self, conversation: ConversationId, members: [UserId; 2]) -> Result<(), StoreError> {
        self.call(|tables| {
            let claims_max = tables.inboxes.claims_max;
            for member in members {
                let rows = tables.inboxes.rows.entry(member).or_default();
                rows.entry(conversation).or_insert_with(|| Row::new(Joined::whole(), claims_max));
            }
        })
        .await
    }

    async fn leave(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.call(|tables| tables.inboxes.leave(user, conversation, seq)).await
    }

    async fn forget(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.call(|tables| {
            let Some(rows) = tables.inboxes.rows.get_mut(&user) else { return };
            let is_of_no_group = |row: &Row| row.joined.since() == Some(seq) && row.joined.past().is_empty();
            if rows.get(&conversation).is_some_and(is_of_no_group) {
                rows.remove(&conversation);
            }
        })
        .await
    }

    async fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> Result<InboxPage, StoreError> {
        let size = self.page_size(rows_max);
        self.call(|tables| {
            let Some(rows) = tables.inboxes.rows.get(&user) else { return InboxPage::default() };
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut rows = rows.range((from, Bound::Unbounded)).map(|(id, row)| row.show(*id));
            let page: Vec<InboxRow> = rows.by_ref().take(size).collect();
            let next = page.last().map(|last| last.conversation).filter(|_| rows.next().is_some());
            InboxPage { rows: page, next }
        })
        .await
    }

    async fn skim(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> Result<InboxPage, StoreError> {
        self.list(user, after, rows_max).await
    }

    async fn peek(&self, user: UserId, conversation: ConversationId) -> Result<Option<InboxRow>, StoreError> {
        self.get(user, conversation).await
    }

    async fn get(&self, user: UserId, conversation: ConversationId) -> Result<Option<InboxRow>, StoreError> {
        self.call(|tables| tables.inboxes.row(user, conversation).map(|row| row.show(conversation))).await
    }

    async fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<MarkReadOutcome, StoreError> {
        self.call(|tables| {
            let Some(row) = tables.inboxes.members_row(user, conversation) else {
                return MarkReadOutcome::NotAMember;
            };
            if row.read_seq >= Some(seq) {
                return MarkReadOutcome::Already;
            }
            row.read_seq = Some(seq);
            MarkReadOutcome::Moved(row.alerts)
        })
        .await
    }

    async fn mute(
        &self,
        user: UserId,
        conversation: ConversationId,
        until: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.call(|tables| match tables.inboxes.members_row(user, conversation) {
            Some(row) => {
                row.muted_until = until;
                true
            }
            None => false,
        })
        .await
    }

    async fn replace_alerts(
        &self,
        user: UserId,
        seen: &InboxRow,
        next: &Alerts,
    ) -> Result<ReplaceOutcome, StoreError> {
        self.call(|tables| {
            let Some(row) = tables.inboxes.members_row(user, seen.conversation) else {
                return ReplaceOutcome::NotAMember;
            };
            let found = (row.alerts, row.read_seq, row.muted_until);
            if found != (seen.alerts, seen.read_seq, seen.muted_until) {
                return ReplaceOutcome::Changed(Box::new(row.show(seen.conversation)));
            }
            let before = row.show(seen.conversation);
            row.alerts = *next;
            tables.inboxes.alert_writes.push(AlertWrite { user, before, after: *next });
            ReplaceOutcome::Replaced
        })
        .await
    }
}
