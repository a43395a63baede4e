//! Memberships: their counts, and their removal if a group is not made.

use confab_app::ports::{
    CommitOutcome, Consistency, Groups, InboxRow, Inboxes, Joining, MessageLog, NewVersion, RowChange,
};
use confab_domain::group::{Change, Role};
use confab_domain::{ConversationId, Group, Joined, MembershipCount};
use futures_util::future::join_all;

use crate::Ids;
use crate::groups::{change, create, entry, joined, joining, new_group};
use crate::ids::{NOW, seq};
use crate::inboxes::claim;

fn since(position: u64) -> Option<Joined> {
    Some(Joined::new(Vec::new(), Some(seq(position))))
}

pub async fn each_membership_is_counted_with_its_row(store: &(impl Groups + Inboxes), ids: Ids) {
    let user = ids.user(2);
    assert_eq!(store.membership_count(user).await.unwrap(), None);
    for n in 1..=3 {
        create(store, ids, &Group { id: ids.group(n), ..new_group(ids) }).await;
        let count = MembershipCount { version: n.into(), groups: n.into(), ..MembershipCount::default() };
        assert_eq!(store.membership_count(user).await.unwrap(), Some(count));
    }
    let mut group = Group { id: ids.group(3), ..new_group(ids) };
    let owner = store.membership_count(ids.user(1)).await.unwrap();
    change(store, ids, &mut group, Change::Removed(user), 2).await;
    let count = store.membership_count(user).await.unwrap().unwrap();
    assert_eq!(count.groups, 3, "a count never goes down");
    assert_eq!(store.membership_count(ids.user(1)).await.unwrap(), owner);
}

pub async fn a_join_on_an_outdated_count_is_not_made(store: &(impl Groups + Inboxes), ids: Ids) {
    let user = ids.user(2);
    let early = joining(store, user, None).await;
    create(store, ids, &new_group(ids)).await;
    let other = ConversationId::Group(ids.group(2));
    let counted = store.membership_count(user).await.unwrap();
    let later = MembershipCount { version: 9, ..counted.unwrap() };
    for seen in [early.seen, Some(later)] {
        let outdated = Joining { seen, ..early };
        assert_eq!(store.join(other, seq(1), &outdated).await.unwrap(), CommitOutcome::Contended);
        assert_eq!(joined(store, user, ids.group(2)).await, None);
        assert_eq!(store.membership_count(user).await.unwrap(), counted);
    }
}

pub async fn a_count_is_replaced_only_on_the_count_that_was_read(store: &(impl Groups + Inboxes), ids: Ids) {
    let user = ids.user(1);
    let early = joining(store, user, None).await;
    let full = MembershipCount { groups: 7, unanswered: 2, ..early.next }.found_full(NOW);
    for (seen, next, outcome, expected) in [
        (Some(full), full, CommitOutcome::Contended, None),
        (None, full, CommitOutcome::Done, Some(full)),
        (None, early.next, CommitOutcome::Contended, Some(full)),
        (Some(early.next), early.next, CommitOutcome::Contended, Some(full)),
        (Some(full), early.next, CommitOutcome::Done, Some(early.next)),
    ] {
        assert_eq!(store.replace_membership_count(user, seen, next).await.unwrap(), outcome);
        assert_eq!(store.membership_count(user).await.unwrap(), expected);
    }
    let conversation = ConversationId::Group(ids.group(1));
    assert_eq!(store.join(conversation, seq(1), &early).await.unwrap(), CommitOutcome::Contended);
}

pub async fn a_commit_on_an_outdated_count_makes_nothing(
    store: &(impl Groups + Inboxes + MessageLog),
    ids: Ids,
) {
    let group = new_group(ids);
    create(store, ids, &group).await;
    let user = ids.user(4);
    let early = joining(store, user, None).await;
    create(store, ids, &Group::new(ids.group(2), "Other", user, [], NOW).unwrap()).await;
    let counted = store.membership_count(user).await.unwrap();
    let added = Change::Added(user, Role::Member);
    let second = entry(ids, group.id, 2, added.entry());
    let next = group.after(&added, seq(2), NOW);
    let row = Some(RowChange::Join(early));
    let version = NewVersion { group: &next, entry: &second, row };
    assert_eq!(store.commit(version).await.unwrap(), CommitOutcome::Contended);
    assert_eq!(store.group(group.id).await.unwrap(), Some(group.clone()));
    assert_eq!(joined(store, user, group.id).await, None);
    assert_eq!(store.membership_count(user).await.unwrap(), counted);
    assert_eq!(store.tail(second.conversation, 1).await.unwrap().last(), Some(seq(1)));
}

pub async fn of_racing_joins_on_one_count_exactly_one_is_made(store: &(impl Groups + Inboxes), ids: Ids) {
    let joining = joining(store, ids.user(1), None).await;
    let conversations = (1..=8).map(|n| ConversationId::Group(ids.group(n)));
    let racers = conversations.map(|conversation| store.join(conversation, seq(1), &joining));
    let outcomes = join_all(racers).await;
    let made = outcomes.into_iter().filter(|outcome| *outcome.as_ref().unwrap() == CommitOutcome::Done);
    assert_eq!(made.count(), 1);
    assert_eq!(store.list(ids.user(1), None, 10, Consistency::Strong).await.unwrap().rows.len(), 1);
    assert_eq!(store.membership_count(ids.user(1)).await.unwrap(), Some(joining.next));
}

/// The row of a user whom a stranger added to a group: it names the stranger, and whether the user has written since.
pub async fn a_row_names_the_adder_and_whether_its_user_has_written(
    store: &(impl Groups + Inboxes),
    ids: Ids,
) {
    let (user, stranger) = (ids.user(1), ids.user(2));
    let conversation = ConversationId::Group(ids.group(1));
    let read = async || store.get(user, conversation, Consistency::Strong).await.unwrap().unwrap();
    let joining = joining(store, user, Some(stranger)).await;
    assert_eq!(joining.next.unanswered, 1);
    assert_eq!(store.join(conversation, seq(1), &joining).await.unwrap(), CommitOutcome::Done);
    let row = read().await;
    assert_eq!((row.added_by, row.has_written), (Some(stranger), false));
    assert_eq!(
        store.list(user, None, 1, Consistency::Strong).await.unwrap().rows,
        std::slice::from_ref(&row)
    );
    claim(store, user, conversation, 1, NOW).await;
    assert_eq!(read().await, InboxRow { has_written: true, ..row });
}

pub async fn an_add_by_a_friend_clears_the_earlier_adder(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, stranger) = (ids.user(4), ids.user(2));
    for (position, added_by) in [(2, Some(stranger)), (4, None), (6, Some(stranger))] {
        let added = Change::Added(user, Role::Member);
        let entry = entry(ids, group.id, position, added.entry());
        let next = group.after(&added, seq(position), NOW);
        let row = Some(RowChange::Join(joining(store, user, added_by).await));
        let version = NewVersion { group: &next, entry: &entry, row };
        assert_eq!(store.commit(version).await.unwrap(), CommitOutcome::Done);
        let row = store.get(user, entry.conversation, Consistency::Strong).await.unwrap().unwrap();
        assert_eq!((row.added_by, row.joined.since()), (added_by, Some(seq(position))));
        group = next;
        change(store, ids, &mut group, Change::Removed(user), position + 1).await;
    }
}

pub async fn a_row_of_a_group_that_was_never_made_is_forgotten(store: &(impl Groups + Inboxes), ids: Ids) {
    let (user, conversation) = (ids.user(1), ConversationId::Group(ids.group(1)));
    store.forget(user, conversation, seq(1)).await.unwrap();
    let joining = joining(store, user, Some(ids.user(2))).await;
    assert_eq!(store.join(conversation, seq(1), &joining).await.unwrap(), CommitOutcome::Done);
    store.forget(user, conversation, seq(2)).await.unwrap();
    assert_eq!(joined(store, user, ids.group(1)).await, since(1), "the row has another membership");
    for _ in 0..2 {
        store.forget(user, conversation, seq(1)).await.unwrap();
        assert_eq!(store.get(user, conversation, Consistency::Strong).await.unwrap(), None);
    }
    assert!(store.list(user, None, 10, Consistency::Strong).await.unwrap().rows.is_empty());
}

pub async fn a_row_with_another_membership_is_not_forgotten(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, conversation) = (ids.user(2), ConversationId::Group(group.id));
    change(store, ids, &mut group, Change::Removed(user), 2).await;
    store.forget(user, conversation, seq(1)).await.unwrap();
    change(store, ids, &mut group, Change::Added(user, Role::Member), 3).await;
    store.forget(user, conversation, seq(3)).await.unwrap();
    let both = Joined::new(vec![(seq(1), seq(2))], Some(seq(3)));
    assert_eq!(joined(store, user, group.id).await, Some(both));
}
