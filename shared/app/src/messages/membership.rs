//! Who may read and write in a conversation, by the stored rows.

use confab_domain::{ConversationId, GroupId, Joined, Refusal, Seq, UserId, membership};

use crate::Error;
use crate::ports::{Consistency, Groups, InboxRow, Inboxes};

/// A user's membership of a conversation.
pub(crate) struct Member {
    /// The times of the membership; a former member has no present one.
    pub(crate) joined: Joined,
    /// The user's read mark in a group; `None` for a 1:1 conversation, whose row is not read for this.
    pub(crate) read_seq: Option<Seq>,
}

/// Returns the part of a conversation that a present or former member may read. A deleted group stays readable.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider, and for a group that was never created; [`Error::Store`].
pub(crate) async fn readable_by(
    store: &(impl Inboxes + Groups),
    conversation: ConversationId,
    user: UserId,
) -> Result<Joined, Error> {
    let (Member { joined, .. }, has_ended) = member_of(store, conversation, user).await?;
    // Nothing follows the end of a group, and its rows are closed a moment later.
    Ok(if has_ended { joined.leave(Seq::MAX) } else { joined })
}

/// As [`readable_by`], for a change of the conversation: a deleted group is not found.
///
/// # Errors
///
/// As [`readable_by`].
pub(crate) async fn membership_of(
    store: &(impl Inboxes + Groups),
    conversation: ConversationId,
    user: UserId,
) -> Result<Member, Error> {
    let (member, has_ended) = member_of(store, conversation, user).await?;
    if has_ended { Err(Refusal::NotFound("group").into()) } else { Ok(member) }
}

/// The membership by the row, and whether the group is deleted.
async fn member_of(
    store: &(impl Inboxes + Groups),
    conversation: ConversationId,
    user: UserId,
) -> Result<(Member, bool), Error> {
    match conversation {
        ConversationId::Dm { lower, upper } => {
            membership::peer_of((lower, upper), user)?;
            Ok((Member { joined: Joined::whole(), read_seq: None }, false))
        }
        ConversationId::Group(group) => {
            // Both are read: a row may be open though its group is deleted or was never created.
            let (row, group) = futures_util::future::try_join(
                store.get(user, conversation, Consistency::Strong),
                store.group(group),
            )
            .await?;
            let group = group.ok_or(Refusal::NotFound("group"))?;
            match row {
                Some(InboxRow { joined, read_seq, .. }) => Ok((Member { joined, read_seq }, group.deleted)),
                None if group.deleted => Err(Refusal::NotFound("group").into()),
                None => Err(Refusal::NotAMember.into()),
            }
        }
    }
}

/// The refusal for a user who is not in a group.
pub(crate) async fn not_a_member(store: &impl Groups, group: GroupId) -> Result<Refusal, Error> {
    let is_there = store.group(group).await?.is_some_and(|group| !group.deleted);
    Ok(if is_there { Refusal::NotAMember } else { Refusal::NotFound("group") })
}
