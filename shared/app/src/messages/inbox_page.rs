//! Listing a user's conversations.

use confab_domain::{ConversationId, UserId};

use crate::metric;
use crate::ports::{Consistency, InboxPage, Inboxes, StoreError};

/// As [`Inboxes::list`]; also counts the rows of ended memberships that could not be moved out of the way. The store
/// that moves them does not know the metrics.
///
/// # Errors
///
/// [`StoreError`].
pub(crate) async fn inbox_page(
    inboxes: &impl Inboxes,
    user: UserId,
    after: Option<ConversationId>,
    rows_max: u32,
) -> Result<InboxPage, StoreError> {
    let page = inboxes.list(user, after, rows_max, Consistency::Strong).await?;
    if page.unmoved > 0 {
        metrics::counter!(metric::UNMOVED_ROWS).increment(page.unmoved as u64);
    }
    Ok(page)
}
