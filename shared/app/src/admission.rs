//! Whether somebody can be put into a group by somebody else.

use std::collections::BTreeMap;

use confab_domain::account::GroupAdds;
use confab_domain::{ConversationId, MembershipCount, MembershipLimits, Refusal, Relation, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::Error;
use crate::at_once::STORE_CALLS_MAX;
use crate::ports::{Contacts, Groups, InboxRow, Inboxes, Joining, StoreError, Users};

/// Rows that are read at once to count memberships.
const ROWS_PAGE: u32 = 500;

/// Pages of rows that are read; a user with more, which only ended memberships can be, counts as full.
const ROWS_PAGES_MAX: u32 = 32;

/// Relations that are read at once.
const RELATIONS_MAX: usize = 100;

/// Counts each of `users`, who are put into a group by `actor`, with one membership more.
///
/// `conversation` is the group's, where it is there already and somebody may have been in it before.
/// Nothing is stored: the counts are, with the memberships.
///
/// # Errors
///
/// [`Refusal::CannotBeAdded`] names those who do not want it (they have blocked the actor, let friends alone add them,
/// or have left this group by themselves), and those whose memberships are too many; [`Refusal::NotFound`] where one
/// of them does not exist; [`Error::Store`].
pub async fn admit(
    store: &(impl Groups + Inboxes + Contacts + Users + Sync),
    limits: MembershipLimits,
    actor: UserId,
    conversation: Option<ConversationId>,
    users: &[UserId],
) -> Result<Vec<Joining>, Error> {
    let others: Vec<UserId> = users.iter().copied().filter(|user| *user != actor).collect();
    let relations: BTreeMap<UserId, Relation> = match others.as_slice() {
        [] => BTreeMap::new(),
        others => {
            let contacts = store.relations(actor, others).await?;
            contacts.into_iter().map(|contact| (contact.other, contact.relation)).collect()
        }
    };
    let relations = &relations;
    let admitted: Vec<Result<Joining, UserId>> = stream::iter(users.iter().copied())
        .map(|user| async move {
            let added_by = if user == actor {
                None
            } else {
                let relation = relations.get(&user).copied().unwrap_or_default();
                if !allows(store, relation, conversation, user).await? {
                    return Ok::<_, Error>(Err(user));
                }
                Some(actor).filter(|_| !relation.are_friends())
            };
            Ok(joining(store, limits, user, added_by).await?.ok_or(user))
        })
        .buffered(STORE_CALLS_MAX)
        .try_collect()
        .await?;
    let refused: Vec<UserId> = admitted.iter().filter_map(|user| user.err()).collect();
    if refused.is_empty() {
        Ok(admitted.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(Refusal::CannotBeAdded(refused).into())
    }
}

/// Whether a user lets somebody in this relation put them into a group.
async fn allows(
    store: &(impl Inboxes + Users + Sync),
    relation: Relation,
    conversation: Option<ConversationId>,
    user: UserId,
) -> Result<bool, Error> {
    let account = store.user(user).await?.ok_or(Refusal::NotFound("user"))?;
    if relation.blocked_by_at.is_some() {
        return Ok(false);
    }
    if relation.are_friends() {
        return Ok(true);
    }
    let row = match conversation {
        Some(conversation) => store.get(user, conversation).await?,
        None => None,
    };
    let has_left = row.is_some_and(|row| row.refuses_adds);
    Ok(account.group_adds == GroupAdds::Everyone && !has_left)
}

/// A user with one membership more; `None` where that is too many.
async fn joining(
    store: &(impl Groups + Inboxes + Contacts + Sync),
    limits: MembershipLimits,
    user: UserId,
    added_by: Option<UserId>,
) -> Result<Option<Joining>, StoreError> {
    let seen = store.membership_count(user).await?;
    let is_unanswered = added_by.is_some();
    let counted = seen.and_then(|seen| seen.joined(is_unanswered, limits));
    let next = match counted {
        Some(next) => Some(next),
        // Read after the count: who joins meanwhile changes it, and then nothing is decided by this.
        None => count(store, limits, user, seen.map_or(0, |seen| seen.version))
            .await?
            .and_then(|count| count.joined(is_unanswered, limits)),
    };
    Ok(next.map(|next| Joining { user, added_by, seen, next }))
}

/// Counts a user's memberships by their rows; `None` where there are too many to count.
async fn count(
    store: &(impl Inboxes + Contacts + Sync),
    limits: MembershipLimits,
    user: UserId,
    version: u64,
) -> Result<Option<MembershipCount>, StoreError> {
    let (mut groups, mut after) = (0, Some(ConversationId::BEFORE_GROUPS));
    let mut adders: BTreeMap<UserId, u64> = BTreeMap::new();
    for _ in 0..ROWS_PAGES_MAX {
        let page = store.list(user, after, ROWS_PAGE).await?;
        let is_group = |row: &&InboxRow| row.conversation.group().is_some() && row.joined.since().is_some();
        for row in page.rows.iter().filter(is_group) {
            groups += 1;
            if let Some(adder) = row.added_by.filter(|_| !row.has_written) {
                *adders.entry(adder).or_default() += 1;
            }
        }
        after = page.next;
        if after.is_none() || groups > limits.groups {
            break;
        }
    }
    if after.is_some() && groups <= limits.groups {
        return Ok(None);
    }
    let mut unanswered: u64 = adders.values().sum();
    let ids: Vec<UserId> = adders.keys().copied().collect();
    for some in ids.chunks(RELATIONS_MAX) {
        for contact in store.relations(user, some).await? {
            let is_friend = contact.relation.are_friends();
            unanswered -= adders.get(&contact.other).filter(|_| is_friend).copied().unwrap_or(0);
        }
    }
    Ok(Some(MembershipCount { version, groups, unanswered }))
}
