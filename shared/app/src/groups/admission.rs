//! Whether a user may be put into a group by another user.

use std::collections::BTreeMap;

use confab_domain::{
    ConversationId, MembershipCount, MembershipLimits, Refusal, Relation, Timestamp, UserId,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::messages::inbox_page::inbox_page;
use crate::ports::{Consistency, Contacts, Groups, InboxRow, Inboxes, Joining, StoreError, Users};
use crate::{Error, chain};

/// Inbox rows in one page while memberships are counted.
const ROWS_PAGE: u32 = 500;

/// Relations that are read in one call.
const RELATIONS_MAX: usize = 100;

/// Admits `users`, whom `actor` puts into a group, and counts one more membership for each of them.
///
/// `conversation` is the group's, if the group exists: a user may have been in it before.
///
/// The caller stores the counts together with the memberships. Where a user's rows leave no room, this call stores
/// their count itself. After several such counts within a minute, the stored count refuses every actor but the user,
/// at the price of one item.
///
/// # Errors
///
/// [`Refusal::CannotBeAdded`] names the users who refuse (they have blocked the actor, let only friends add them, or
/// have left this group by themselves) and those who have too many memberships; [`Refusal::NotFound`] where one of
/// the users does not exist; [`Error::Store`].
pub async fn admit(
    store: &(impl Groups + Inboxes + Contacts + Users),
    limits: MembershipLimits,
    actor: UserId,
    conversation: Option<ConversationId>,
    users: &[UserId],
    now: Timestamp,
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
            Ok(joining(store, limits, (user, added_by), user != actor, now).await?.ok_or(user))
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

/// Whether a user lets a user of this relation put them into a group.
async fn allows(
    store: &(impl Inboxes + Users),
    relation: Relation,
    conversation: Option<ConversationId>,
    user: UserId,
) -> Result<bool, Error> {
    let adds = store.user(user).await?.ok_or(Refusal::NotFound("user"))?.group_adds;
    let [if_new, if_left] = [false, true].map(|has_left| adds.allows(relation, has_left));
    match conversation {
        Some(conversation) if if_new != if_left => {
            let row = store.get(user, conversation, Consistency::Strong).await?;
            Ok(adds.allows(relation, row.is_some_and(|row| row.refuses_adds)))
        }
        Some(_) | None => Ok(if_new),
    }
}

/// A user with one more membership; `None` where that is too many.
async fn joining(
    store: &(impl Groups + Inboxes + Contacts),
    limits: MembershipLimits,
    (user, added_by): (UserId, Option<UserId>),
    is_by_another: bool,
    now: Timestamp,
) -> Result<Option<Joining>, StoreError> {
    let seen = store.membership_count(user).await?;
    let is_unanswered = added_by.is_some();
    if let Some(next) = seen.and_then(|seen| seen.joined(is_unanswered, limits)) {
        return Ok(Some(Joining { user, added_by, seen, next }));
    }
    if is_by_another && seen.is_some_and(|seen| seen.was_full_lately(now)) {
        return Ok(None);
    }
    // Read after the count: a join in between changes the count, and then no decision by these rows is stored.
    let counted = count(store, limits, user, seen.unwrap_or_default()).await?;
    match counted.joined(is_unanswered, limits) {
        Some(next) => Ok(Some(Joining { user, added_by, seen, next })),
        None => {
            // Best effort: the next request counts again.
            if let Err(error) = store.replace_membership_count(user, seen, counted.found_full(now)).await {
                tracing::warn!(
                    event = "membership_count_not_kept",
                    error = chain(&error),
                    "the next request counts the memberships again"
                );
            }
            Ok(None)
        }
    }
}

/// Counts a user's memberships by their inbox rows, up to one more than the limit.
///
/// A user of an earlier version may have any number of rows of ended memberships. The lists move such rows out of the
/// way, so even a call that a deadline ends saves work for the next one.
async fn count(
    store: &(impl Inboxes + Contacts),
    limits: MembershipLimits,
    user: UserId,
    seen: MembershipCount,
) -> Result<MembershipCount, StoreError> {
    let (mut groups, mut after) = (0, Some(ConversationId::BEFORE_GROUPS));
    let mut adders: BTreeMap<UserId, u64> = BTreeMap::new();
    loop {
        let page = inbox_page(store, user, after, ROWS_PAGE).await?;
        let is_group = |row: &&InboxRow| row.conversation.group().is_some();
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
    let mut unanswered: u64 = adders.values().sum();
    let ids: Vec<UserId> = adders.keys().copied().collect();
    for some in ids.chunks(RELATIONS_MAX) {
        for contact in store.relations(user, some).await? {
            let is_friend = contact.relation.are_friends();
            unanswered -= adders.get(&contact.other).filter(|_| is_friend).copied().unwrap_or(0);
        }
    }
    Ok(MembershipCount { groups, unanswered, ..seen })
}
