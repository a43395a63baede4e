//! The badge, which is the number on the app's icon: unread messages in all conversations that are not muted.
//!
//! Each alert counts its own conversation, and records the count in the inbox row. The other conversations were
//! counted once since the last renewal of the user's lease, and every alert since then has recorded its own count. So
//! mostly one page of rows gives the sum. The sum is read after the own count was written: of concurrent alerts of
//! several conversations, the last one sums up all of them.

use confab_domain::{Alerts, ConversationId, Timestamp, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Context;
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::messages::unread::{count_unread, last_seq, nothing_unread};
use crate::ports::{Consistency, InboxRow, Inboxes, MessageLog, StoreError};

/// Inbox rows in one page.
const ROWS_PAGE: u32 = 500;

/// Pages of rows that are read; conversations beyond them do not count.
const ROWS_PAGES_MAX: u32 = 4;

/// A user's conversations, whose unread messages make the badge.
pub(super) struct Badges {
    user: UserId,
    rows: Vec<InboxRow>,
}

impl Badges {
    pub(super) async fn read(
        context: &Context<'_, impl Inboxes, impl Sync, impl Sync>,
        user: UserId,
    ) -> Result<Self, StoreError> {
        let (mut rows, mut after) = (Vec::new(), None);
        for _ in 0..ROWS_PAGES_MAX {
            let page = context.store.list(user, after, ROWS_PAGE, Consistency::Eventual).await?;
            rows.extend(page.rows);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(Self { user, rows })
    }

    pub(super) fn into_rows(self) -> Vec<InboxRow> {
        self.rows
    }

    /// Unread messages in all conversations but one, by the recorded counts.
    pub(super) async fn others(
        &self,
        context: &Context<'_, impl Inboxes + MessageLog, impl Sync, impl Sync>,
        but: ConversationId,
    ) -> Result<u64, StoreError> {
        self.sum(context, but, |row| !is_uncertain(row, context.now)).await
    }

    /// Unread messages in all conversations but one, each counted by its log.
    pub(super) async fn others_counted_anew(
        &self,
        context: &Context<'_, impl Inboxes + MessageLog, impl Sync, impl Sync>,
        but: ConversationId,
    ) -> Result<u64, StoreError> {
        self.sum(context, but, |_| false).await
    }

    /// Whether all conversations were counted since then.
    pub(super) fn are_counted_since(&self, since: Timestamp) -> bool {
        self.rows.iter().any(|row| row.alerts.all_counted_since == Some(since))
    }

    async fn sum(
        &self,
        context: &Context<'_, impl Inboxes + MessageLog, impl Sync, impl Sync>,
        but: ConversationId,
        is_known: impl Fn(&InboxRow) -> bool,
    ) -> Result<u64, StoreError> {
        let others = self.rows.iter().filter(|row| row.conversation != but && counts(row, context.now));
        let (known, unknown): (Vec<_>, Vec<_>) = others.cloned().partition(is_known);
        let known: u64 = known.iter().map(unread).sum();
        let user = self.user;
        let counted: Vec<u64> = stream::iter(unknown)
            .map(async |row| count_anew(context, user, row).await)
            .buffer_unordered(STORE_CALLS_MAX)
            .try_collect()
            .await?;
        Ok(known + counted.iter().sum::<u64>())
    }
}

/// Whether a conversation counts for the badge and alerts its member: the member is in it, and it is not muted.
pub(super) fn counts(row: &InboxRow, now: Timestamp) -> bool {
    row.joined.since().is_some() && row.muted_until.is_none_or(|until| until <= now)
}

fn unread(row: &InboxRow) -> u64 {
    row.alerts.counted_from(row.unread_after()).map_or(0, |count| count.unread)
}

/// Whether the recorded count may be wrong: it begins elsewhere than at the read mark, or a mute has ended since,
/// during which nothing was counted.
fn is_uncertain(row: &InboxRow, now: Timestamp) -> bool {
    let counted_at = row.alerts.count.map(|count| count.at);
    let is_outdated = row.alerts.count.is_some_and(|count| count.from != row.unread_after());
    is_outdated || row.muted_until.is_some_and(|until| until <= now && counted_at < Some(until))
}

/// Counts a conversation by its log, and records the count for the next alert.
async fn count_anew(
    context: &Context<'_, impl Inboxes + MessageLog, impl Sync, impl Sync>,
    user: UserId,
    row: InboxRow,
) -> Result<u64, StoreError> {
    let tail = last_seq(context.store, row.conversation).await?;
    let known = row.alerts.counted_from(row.unread_after());
    let uncertain = is_uncertain(&row, context.now);
    if let Some(count) = known.filter(|count| Some(count.through) >= tail && !uncertain) {
        return Ok(count.unread);
    }
    let count = if tail > row.unread_after() {
        count_unread(context.store, user, &row, context.retention, context.now).await?
    } else {
        None
    };
    if count.is_none() && known.is_none() && !uncertain {
        return Ok(0);
    }
    let count = count.or_else(|| nothing_unread(&row, context.now));
    let next = Alerts { count, writer: context.writer, ..row.alerts };
    // If the row has changed meanwhile, the next alert counts again.
    context.store.replace_alerts(user, &row, &next).await?;
    Ok(count.map_or(0, |count| count.unread))
}
