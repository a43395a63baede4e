//! Inbox rows, with their claims.

use std::collections::BTreeMap;
use std::ops::Bound;

use confab_app::ports::{
    ClaimKey, ClaimOutcome, Consistency, InboxPage, InboxRow, Inboxes, Joining, MarkReadOutcome,
    ReplaceOutcome, StoreError,
};
use confab_domain::claim::{Claim, ClaimWindow, REMEMBERED};
use confab_domain::{Alerts, ClientMessageId, ConversationId, Joined, Seq, Timestamp, UserId};

use crate::Memory;

type Rows = BTreeMap<UserId, BTreeMap<ConversationId, Row>>;

#[derive(Debug)]
pub(crate) struct InboxTable {
    /// Rows that lists read.
    rows: Rows,
    /// Rows of ended memberships of groups, which lists do not read.
    ended: Rows,
    alert_writes: Vec<AlertWrite>,
    /// Number of places for claims in a new row.
    claims_max: usize,
}

impl Default for InboxTable {
    fn default() -> Self {
        Self { rows: Rows::new(), ended: Rows::new(), alert_writes: Vec::new(), claims_max: REMEMBERED }
    }
}

/// A write to the alert state of an inbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertWrite {
    /// The user of the row.
    pub user: UserId,
    /// The row before the write.
    pub before: InboxRow,
    /// The alert state after the write.
    pub after: Alerts,
}

#[derive(Debug)]
struct Row {
    joined: Joined,
    read_seq: Option<Seq>,
    muted_until: Option<Timestamp>,
    alerts: Alerts,
    added_by: Option<UserId>,
    refuses_adds: bool,
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
            refuses_adds: false,
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
            refuses_adds: self.refuses_adds,
        }
    }
}

/// Where a row is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The row does not exist.
    Nowhere,
    /// Among the rows that lists read.
    Listed,
    /// Among the rows of ended memberships.
    Ended,
}

impl InboxTable {
    fn rows(&self, place: Place) -> Option<&Rows> {
        match place {
            Place::Nowhere => None,
            Place::Listed => Some(&self.rows),
            Place::Ended => Some(&self.ended),
        }
    }

    fn shown(&self, place: Place, user: UserId, conversation: ConversationId) -> Option<InboxRow> {
        let row = self.rows(place)?.get(&user)?.get(&conversation)?;
        Some(row.show(conversation))
    }

    pub(crate) fn place(&self, user: UserId, conversation: ConversationId) -> Place {
        let is_there = |place: &Place| self.shown(*place, user, conversation).is_some();
        [Place::Listed, Place::Ended].into_iter().find(is_there).unwrap_or(Place::Nowhere)
    }

    /// The row, whatever its place.
    fn row_mut(&mut self, user: UserId, conversation: ConversationId) -> Option<&mut Row> {
        let rows = match self.place(user, conversation) {
            Place::Nowhere => return None,
            Place::Listed => &mut self.rows,
            Place::Ended => &mut self.ended,
        };
        rows.get_mut(&user)?.get_mut(&conversation)
    }

    /// The row, if the user is a member now.
    fn members_row(&mut self, user: UserId, conversation: ConversationId) -> Option<&mut Row> {
        let row = self.rows.get_mut(&user)?.get_mut(&conversation)?;
        Some(row).filter(|row| row.joined.since().is_some())
    }

    /// Moves the row of an ended membership to a place that lists do not read; does nothing if the membership has
    /// begun again.
    fn set_aside(&mut self, user: UserId, conversation: ConversationId) {
        let Some(rows) = self.rows.get_mut(&user) else { return };
        if rows.get(&conversation).is_some_and(|row| row.joined.since().is_none())
            && let Some(row) = rows.remove(&conversation)
        {
            self.ended.entry(user).or_default().insert(conversation, row);
        }
    }

    fn take_ended(&mut self, user: UserId, conversation: ConversationId) -> Option<Row> {
        self.ended.get_mut(&user)?.remove(&conversation)
    }

    /// Sets the number of places for claims in rows that are made from now on.
    pub(crate) fn set_claims_max(&mut self, claims_max: usize) {
        self.claims_max = claims_max;
    }

    /// Begins a membership of a group, unless one has begun. The row of an earlier membership is used again.
    pub(crate) fn join(&mut self, joining: &Joining, conversation: ConversationId, seq: Seq) {
        let claims_max = self.claims_max;
        let ended = self.take_ended(joining.user, conversation);
        let rows = self.rows.entry(joining.user).or_default();
        let new = || ended.unwrap_or_else(|| Row::new(Joined::new(Vec::new(), None), claims_max));
        let row = rows.entry(conversation).or_insert_with(new);
        row.joined = row.joined.clone().join(seq);
        row.added_by = joining.added_by;
        row.refuses_adds = false;
    }

    /// Ends a membership as [`leave`](InboxTable::leave) does, by the user's own request.
    pub(crate) fn leave_by_oneself(&mut self, user: UserId, conversation: ConversationId, seq: Seq) {
        if self.leave(user, conversation, seq)
            && let Some(row) = self.row_mut(user, conversation)
        {
            row.refuses_adds = true;
        }
    }

    /// Ends a membership of a group; false if none has begun.
    pub(crate) fn leave(&mut self, user: UserId, conversation: ConversationId, seq: Seq) -> bool {
        let row = self.members_row(user, conversation);
        row.map(|row| row.joined = row.joined.clone().leave(seq)).is_some()
    }
}

impl Memory {
    /// All writes to alert states that took effect, in order, without the first `skipped`.
    pub fn alert_writes(&self, skipped: usize) -> Vec<AlertWrite> {
        self.tables().inboxes.alert_writes.iter().skip(skipped).cloned().collect()
    }

    /// Whether the user's membership has ended, at this moment. Not a call.
    pub fn has_ended(&self, user: UserId, conversation: ConversationId) -> bool {
        let tables = self.tables();
        let row = tables.inboxes.shown(tables.inboxes.place(user, conversation), user, conversation);
        row.is_some_and(|row| row.joined.since().is_none())
    }

    /// Loses the row of an ended membership, as a store does that reads it only by the key of present memberships.
    pub fn lose_ended_row(&self, user: UserId, conversation: ConversationId) {
        self.tables().inboxes.take_ended(user, conversation);
    }

    /// Moves a row out of the lists, best effort.
    pub(crate) async fn set_aside(&self, user: UserId, conversation: ConversationId) {
        // If the call fails, the next list moves the row.
        let _ = self.call(|tables| tables.inboxes.set_aside(user, conversation)).await;
    }

    /// A page of rows, and the conversations of ended memberships found in it.
    async fn page_of(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> Result<(InboxPage, Vec<ConversationId>), StoreError> {
        let size = self.page_size(rows_max);
        self.call(|tables| {
            let Some(rows) = tables.inboxes.rows.get(&user) else { return Default::default() };
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut rows = rows.range((from, Bound::Unbounded)).map(|(id, row)| row.show(*id));
            let found: Vec<InboxRow> = rows.by_ref().take(size).collect();
            let next = found.last().map(|last| last.conversation).filter(|_| rows.next().is_some());
            let (rows, ended): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|row| row.joined.since().is_some());
            (InboxPage { rows, next, unmoved: 0 }, ended.into_iter().map(|row| row.conversation).collect())
        })
        .await
    }
}

impl Inboxes for Memory {
    async fn claim(&self, key: ClaimKey<'_>, now: Timestamp) -> Result<ClaimOutcome, StoreError> {
        let ClaimKey { user, conversation, key, attempt } = key;
        self.call(|tables| {
            let row = tables.inboxes.members_row(user, conversation);
            match row {
                Some(row) => ClaimOutcome {
                    claim: row.claims.claim(|other| other == key, key.clone(), attempt, now),
                    read_seq: row.read_seq,
                },
                None => ClaimOutcome { claim: Claim::NotAMember, read_seq: None },
            }
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

    async fn release_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<(), StoreError> {
        let ClaimKey { user, conversation, key, attempt } = key;
        self.call(|tables| {
            if let Some(row) = tables.inboxes.row_mut(user, conversation) {
                row.claims.release(|other| other == key, attempt, claimed_at);
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
        let left = self.call(|tables| tables.inboxes.leave(user, conversation, seq)).await?;
        if left {
            self.set_aside(user, conversation).await;
        }
        Ok(())
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
        consistency: Consistency,
    ) -> Result<InboxPage, StoreError> {
        let (page, ended) = self.page_of(user, after, rows_max).await?;
        if consistency == Consistency::Strong {
            for conversation in ended {
                self.set_aside(user, conversation).await;
            }
        }
        Ok(page)
    }

    async fn get(
        &self,
        user: UserId,
        conversation: ConversationId,
        _consistency: Consistency,
    ) -> Result<Option<InboxRow>, StoreError> {
        // In the order of a store that can move a row between two reads.
        let places: &[Place] = match conversation {
            ConversationId::Dm { .. } => &[Place::Listed],
            ConversationId::Group(_) => &[Place::Listed, Place::Ended, Place::Listed],
        };
        for place in places {
            let row = self.call(|tables| tables.inboxes.shown(*place, user, conversation)).await?;
            if row.is_some() {
                return Ok(row);
            }
        }
        Ok(None)
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

    async fn accept_adds(&self, user: UserId, conversation: ConversationId) -> Result<bool, StoreError> {
        self.call(|tables| {
            let row = tables.inboxes.row_mut(user, conversation);
            row.map(|row| row.refuses_adds = false).is_some()
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
