//! Inbox rows, with their claims.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use confab_app::ports::{InboxPage, InboxRow, Inboxes, Joining, MarkReadOutcome, ReplaceOutcome, StoreError};
use confab_domain::claim::{Claim, REMEMBERED};
use confab_domain::{Alerts, ClientMessageId, ConversationId, Joined, Seq, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct InboxTable(BTreeMap<UserId, BTreeMap<ConversationId, Row>>, Vec<AlertWrite>);

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
    /// The oldest first.
    claims: VecDeque<(ClientMessageId, Timestamp)>,
}

impl Row {
    fn new(joined: Joined) -> Self {
        Self {
            joined,
            read_seq: None,
            muted_until: None,
            alerts: Alerts::default(),
            added_by: None,
            claims: VecDeque::new(),
        }
    }

    fn claim(&mut self, key: &ClientMessageId, now: Timestamp) -> Claim {
        if let Some((_, claimed_at)) = self.claims.iter().find(|(claimed, _)| claimed == key) {
            return Claim::Repeated { claimed_at: *claimed_at };
        }
        if self.claims.len() == REMEMBERED {
            self.claims.pop_front();
        }
        self.claims.push_back((key.clone(), now));
        Claim::Fresh
    }

    fn show(&self, conversation: ConversationId) -> InboxRow {
        InboxRow {
            conversation,
            joined: self.joined.clone(),
            read_seq: self.read_seq,
            muted_until: self.muted_until,
            alerts: self.alerts,
            added_by: self.added_by,
            has_written: !self.claims.is_empty(),
        }
    }
}

impl InboxTable {
    fn row(&self, user: UserId, conversation: ConversationId) -> Option<&Row> {
        self.0.get(&user)?.get(&conversation)
    }

    /// The row of somebody who is in the conversation now.
    fn members_row(&mut self, user: UserId, conversation: ConversationId) -> Option<&mut Row> {
        self.0.get_mut(&user)?.get_mut(&conversation).filter(|row| row.joined.since().is_some())
    }

    /// Begins a membership of a group, unless one has begun.
    pub(crate) fn join(&mut self, joining: &Joining, conversation: ConversationId, seq: Seq) {
        let rows = self.0.entry(joining.user).or_default();
        let row = rows.entry(conversation).or_insert_with(|| Row::new(Joined::new(Vec::new(), None)));
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
        self.tables().inboxes.1.iter().skip(skipped).cloned().collect()
    }
}

impl Inboxes for Memory {
    async fn claim(
        &self,
        user: UserId,
        conversation: ConversationId,
        key: &ClientMessageId,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        self.call(|tables| {
            tables
                .inboxes
                .members_row(user, conversation)
                .map_or(Claim::NotAMember, |row| row.claim(key, now))
        })
        .await
    }

    async fn open(&self, conversation: ConversationId, members: [UserId; 2]) -> Result<(), StoreError> {
        self.call(|tables| {
            for member in members {
                let rows = tables.inboxes.0.entry(member).or_default();
                rows.entry(conversation).or_insert_with(|| Row::new(Joined::whole()));
            }
        })
        .await
    }

    async fn leave(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.call(|tables| tables.inboxes.leave(user, conversation, seq)).await
    }

    async fn forget(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.call(|tables| {
            let Some(rows) = tables.inboxes.0.get_mut(&user) else { return };
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
            let Some(rows) = tables.inboxes.0.get(&user) else { return InboxPage::default() };
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
            tables.inboxes.1.push(AlertWrite { user, before, after: *next });
            ReplaceOutcome::Replaced
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_32_claims_are_remembered_and_no_more() {
        let key = |n: usize| format!("key-{n}").parse().unwrap();
        let mut row = Row::new(Joined::whole());
        for n in 0..=REMEMBERED {
            assert_eq!(row.claim(&key(n), Timestamp::from_ms(n as u64)), Claim::Fresh);
        }
        for n in 1..=REMEMBERED {
            let claimed_at = Timestamp::from_ms(n as u64);
            assert_eq!(row.claim(&key(n), Timestamp::from_ms(999)), Claim::Repeated { claimed_at });
        }
        assert_eq!(row.claim(&key(0), Timestamp::from_ms(999)), Claim::Fresh);
    }
}
