//! Who may read and write where, by what is stored.

use confab_domain::{ConversationId, GroupId, Joined, Refusal, UserId, membership};

use crate::Error;
use crate::ports::{Groups, Inboxes};

/// Which part of a conversation somebody may read, who is or was in it.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider, and for a group that does not exist; [`Error::Store`].
pub(crate) async fn readable_by(
    store: &(impl Inboxes + Groups + Sync),
    conversation: ConversationId,
    user: UserId,
) -> Result<Joined, Error> {
    match conversation {
        ConversationId::Dm { lower, upper } => {
            membership::peer_of((lower, upper), user)?;
            Ok(Joined::whole())
        }
        ConversationId::Group(group) => {
            // Both, since rows may be left open of a group that has ended, or that was never made.
            let (row, group) =
                futures_util::future::try_join(store.get(user, conversation), store.group(group)).await?;
            group.filter(|group| !group.deleted).ok_or(Refusal::NotFound("group"))?;
            Ok(row.ok_or(Refusal::NotAMember)?.joined)
        }
    }
}

/// Why somebody who is not in a group is refused.
pub(crate) async fn not_a_member(store: &(impl Groups + Sync), group: GroupId) -> Result<Refusal, Error> {
    let is_there = store.group(group).await?.is_some_and(|group| !group.deleted);
    Ok(if is_there { Refusal::NotAMember } else { Refusal::NotFound("group") })
}
