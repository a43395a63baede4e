//! Decides whether a member is alerted to a message, and with which badge.

use std::future::Future;

use confab_domain::alerts::Count;
use confab_domain::device::Device;
use confab_domain::notification::Alert;
use confab_domain::{Alerts, Timestamp, UserId};

use super::Context;
use super::badge::Badges;
use super::task::Subject;
use crate::chain;
use crate::messages::unread::count_unread;
use crate::ports::{Consistency, Devices, InboxRow, Inboxes, MessageLog, ReplaceOutcome, StoreError};

/// Why a member gets no alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAlert {
    /// The member has muted the conversation.
    Muted,
    /// The member has read the message.
    HasRead,
    /// The member is not in the conversation, or joined after the message.
    NotAMember,
}

impl NoAlert {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Muted => "muted",
            Self::HasRead => "read",
            Self::NotAMember => "not_a_member",
        }
    }
}

/// Whether a member wants an alert for a message, by the inbox row.
pub(super) fn wants(row: &InboxRow, subject: &Subject<'_>, now: Timestamp) -> Result<(), NoAlert> {
    let reads = row.joined.since().is_some_and(|since| since <= subject.seq);
    if !reads {
        Err(NoAlert::NotAMember)
    } else if row.read_seq >= Some(subject.seq) {
        Err(NoAlert::HasRead)
    } else if row.muted_until.is_some_and(|until| until > now) {
        Err(NoAlert::Muted)
    } else {
        Ok(())
    }
}

/// A member who is recorded as alerted.
pub(super) struct Alerted {
    pub(super) devices: Vec<Device>,
    /// Unread messages of the conversation.
    unread: u64,
    /// Unread messages of all other conversations, where they were counted before the record.
    others: Option<u64>,
}

impl Alerted {
    /// The badge, read after the row was written: see [`super::badge`]. `None` where it cannot be read: the alert is
    /// sent without it.
    pub(super) async fn badge(
        &self,
        context: &Context<'_, impl Inboxes + MessageLog, impl Sync, impl Sync>,
        subject: &Subject<'_>,
        user: UserId,
    ) -> Option<u64> {
        let others = match self.others {
            Some(others) => Ok(others),
            None => others(context, subject, user).await,
        };
        let failed = |error: &StoreError| {
            tracing::warn!(
                event = "badge_count_failed",
                error = chain(error),
                "an alert is sent without a badge"
            );
        };
        others.inspect_err(failed).ok().map(|others| self.unread + others)
    }
}

/// Unread messages in all other conversations.
pub(super) async fn others(
    context: &Context<'_, impl Inboxes + MessageLog, impl Sync, impl Sync>,
    subject: &Subject<'_>,
    user: UserId,
) -> Result<u64, StoreError> {
    Badges::read(context, user).await?.others(context, subject.conversation).await
}

/// Records that a member is alerted; `None` where nothing has to be pushed.
///
/// The alert is worded before the record, so that little time passes between the record and the publish.
pub(super) async fn decide(
    context: &Context<'_, impl Inboxes + Devices + MessageLog, impl Sync, impl Sync>,
    subject: &Subject<'_>,
    alert: impl Future<Output = Alert>,
    user: UserId,
    renewed_at: Timestamp,
) -> Result<Option<(Alerted, Alert)>, StoreError> {
    let mut devices = context.store.devices(user).await?;
    devices.retain(|device| device.push.is_some());
    if devices.is_empty() {
        subject.log(user, "no_device");
        return Ok(None);
    }
    let since = counted_since(&devices, renewed_at);
    let alert = alert.await;
    let mut row = context.store.get(user, subject.conversation, Consistency::Eventual).await?;
    if row.as_ref().is_none_or(|row| wants(row, subject, context.now) == Err(NoAlert::NotAMember)) {
        // The row, or the membership, may be newer than what the eventually consistent read gave.
        row = context.store.get(user, subject.conversation, Consistency::Strong).await?;
    }
    let mut others = None;
    let mut attempts = context.attempts();
    while attempts.next().await {
        let verdict = row.as_ref().map_or(Err(NoAlert::NotAMember), |row| wants(row, subject, context.now));
        let seen = match (verdict, &row) {
            (Ok(()), Some(row)) if !row.alerts.has(subject.seq) => row,
            (verdict, _) => {
                subject.log(user, verdict.err().map_or("alerted_before", NoAlert::as_str));
                return Ok(None);
            }
        };
        let count = count_with(context, subject, user, seen).await?;
        if seen.alerts.all_counted_since != Some(since) && others.is_none() {
            let badges = Badges::read(context, user).await?;
            if !badges.are_counted_since(since) {
                others = Some(badges.others_counted_anew(context, subject.conversation).await?);
            }
        }
        let next = Alerts {
            count: Some(count),
            all_counted_since: Some(since),
            writer: context.writer,
            ..seen.alerts.with(subject.seq)
        };
        row = match context.store.replace_alerts(user, seen, &next).await {
            Ok(ReplaceOutcome::Replaced) => {
                return Ok(Some((Alerted { devices, unread: count.unread, others }, alert)));
            }
            Ok(ReplaceOutcome::NotAMember) => None,
            Ok(ReplaceOutcome::Changed(changed)) => Some(*changed),
            Err(error) => {
                // The record may have been written all the same. Then no other task alerts the member.
                let row = context.store.get(user, subject.conversation, Consistency::Strong).await?;
                if row.is_some_and(|row| row.alerts == next) {
                    return Ok(Some((Alerted { devices, unread: count.unread, others }, alert)));
                }
                return Err(error);
            }
        };
    }
    Err(StoreError::Unavailable("a row is changed too often".into()))
}

/// Time since which each alert has counted its conversation: the last renewal of the lease, or the first registration
/// of a device for pushes, whichever is later.
fn counted_since(devices: &[Device], renewed_at: Timestamp) -> Timestamp {
    let first = devices.iter().filter_map(|device| device.push.as_ref()).map(|push| push.since).min();
    first.map_or(renewed_at, |first| first.max(renewed_at))
}

/// Unread messages of the conversation, this message included.
pub(super) async fn count_with(
    context: &Context<'_, impl MessageLog, impl Sync, impl Sync>,
    subject: &Subject<'_>,
    user: UserId,
    row: &InboxRow,
) -> Result<Count, StoreError> {
    if let Some(count) = row.alerts.count_with(row.unread_after(), subject.seq, context.now) {
        return Ok(count);
    }
    let count = count_unread(context.store, user, row, context.retention, context.now).await?;
    Ok(count.unwrap_or(Count { from: row.unread_after(), through: subject.seq, unread: 1, at: context.now }))
}
