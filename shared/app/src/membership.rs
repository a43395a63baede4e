//! Who may read and write where, by what is stored.

use confab_domain::{ConversationId, GroupId, Joined, Refusal, Seq, UserId, membership};

use crate::Error;
use crate::ports::{Groups, InboxRow, Inboxes};

/// What somebody is in a conversation.
pub(crate) struct Member {
    /// When they were in it; a former member is in it no more.
    pub(crate) joined: Joined,
    /// How far they have read, in a group; of a 1:1 conversation no row is read for it.
    pub(crate) read_seq: Option<Seq>,
}

/// Which part of a conversation somebody may read, who is or was in it. That of a group that has ended stays readable.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider, and for a group that was never made; [`Error::Store`].
pub(crate) async fn readable_by(
    store: &(impl Inboxes + Groups),
    conversation: ConversationId,
    user: UserId,
) -> Result<Joined, Error> {
    let (Member { joined, .. }, has_ended) = member_of(store, conversation, user).await?;
    // Nothing follows the end of a group, and rows are closed a moment later.
    Ok(if has_ended { joined.leave(Seq::MAX) } else { joined })
}

/// As [`readable_by`], for somebody who is about to change something there: a group that has ended is not found.
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

/// By the row, and whether the group has ended.
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
            // Both, since rows may be left open of a group that has ended, or that was never made.
            let (row, group) =
                futures_util::future::try_join(store.get(user, conversation), store.group(group)).await?;
            let group = group.ok_or(Refusal::NotFound("group"))?;
            match row {
                Some(InboxRow { joined, read_seq, .. }) => Ok((Member { joined, read_seq }, group.deleted)),
                None if group.deleted => Err(Refusal::NotFound("group").into()),
                None => Err(Refusal::NotAMember.into()),
            }
        }
    }
}

/// Why somebody who is not in a group is refused.
pub(crate) async fn not_a_member(store: &impl Groups, group: GroupId) -> Result<Refusal, Error> {
    let is_there = store.group(group).await?.is_some_and(|group| !group.deleted);
    Ok(if is_there { Refusal::NotAMember } else { Refusal::NotFound("group") })
}
