//! Groups: their versions, and the entries and rows that are written with them.

use std::time::Duration;

use confab_app::ports::{
    AppendError, CommitOutcome, Consistency, Direction, Groups, Inboxes, Joining, MessageLog, NewVersion,
    Range, RowChange,
};
use confab_domain::group::{Change, MEMBERS_MAX, Role};
use confab_domain::{
    Content, ConversationId, Group, GroupId, Joined, Kind, MembershipLimits, Message, Seq, UserId,
};
use futures_util::future::{join, join_all};

use crate::Ids;
use crate::ids::{NOW, key, seq};

/// Group 1 with users 1, 2 and 3; user 1 is its owner.
pub(crate) fn new_group(ids: Ids) -> Group {
    Group::new(ids.group(1), "Climbing", ids.user(1), [ids.user(2), ids.user(3)], NOW).unwrap()
}

/// The system entry of a change by user 1.
pub(crate) fn entry(ids: Ids, group: GroupId, position: u64, (kind, content): (Kind, Content)) -> Message {
    let conversation = ConversationId::Group(group);
    Message { conversation, content, kind, ..ids.message(position, "") }
}

pub(crate) async fn create(store: &impl Groups, ids: Ids, group: &Group) -> Message {
    let first = entry(ids, group.id, 1, group.first_entry(ids.user(1)));
    for user in group.members.keys() {
        let joining = joining(store, *user, None).await;
        let joined = store.join(first.conversation, first.seq, &joining).await.unwrap();
        assert_eq!(joined, CommitOutcome::Done);
    }
    store.create_group(group, &first).await.unwrap();
    first
}

/// A joining user, counted on the present count.
pub(crate) async fn joining(store: &impl Groups, user: UserId, added_by: Option<UserId>) -> Joining {
    let seen = store.membership_count(user).await.unwrap();
    let limits = MembershipLimits { groups: u64::MAX, unanswered: u64::MAX };
    let next = seen.unwrap_or_default().joined(added_by.is_some(), limits).unwrap();
    Joining { user, added_by, seen, next }
}

async fn row_of(store: &impl Groups, change: &Change) -> Option<RowChange> {
    match change {
        Change::Added(user, _) => Some(RowChange::Join(joining(store, *user, None).await)),
        Change::Removed(user) => Some(RowChange::Leave(*user)),
        Change::RoleChanged(..) | Change::Renamed(_) | Change::Deleted => None,
    }
}

/// Tries to commit a change at a position; returns its entry and version too.
pub(crate) async fn try_change(
    store: &impl Groups,
    ids: Ids,
    group: &Group,
    change: &Change,
    position: u64,
) -> (CommitOutcome, Message, Group) {
    let entry = entry(ids, group.id, position, change.entry());
    let next = group.after(change, seq(position), NOW);
    let row = row_of(store, change).await;
    let version = NewVersion { group: &next, entry: &entry, row };
    (store.commit(version).await.unwrap(), entry, next)
}

/// Commits a change by which a user leaves.
pub(crate) async fn leave_by_oneself(
    store: &impl Groups,
    ids: Ids,
    group: &mut Group,
    user: UserId,
    position: u64,
) {
    let change = Change::Removed(user);
    let next = group.after(&change, seq(position), NOW);
    let entry = entry(ids, group.id, position, change.entry());
    let row = Some(RowChange::LeaveByOneself(user));
    let outcome = store.commit(NewVersion { group: &next, entry: &entry, row }).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Done);
    *group = next;
}

/// Commits a change without competition.
pub(crate) async fn change(
    store: &impl Groups,
    ids: Ids,
    group: &mut Group,
    change: Change,
    position: u64,
) -> Message {
    let (outcome, entry, next) = try_change(store, ids, group, &change, position).await;
    assert_eq!(outcome, CommitOutcome::Done);
    *group = next;
    entry
}

async fn log_of(log: &impl MessageLog, group: GroupId) -> Vec<Message> {
    let whole = Range { from: Seq::FIRST, to: Seq::MAX, direction: Direction::Up };
    let (mut messages, mut rest) = (Vec::new(), Some(whole));
    while let Some(range) = rest.take() {
        let page = log.page(ConversationId::Group(group), range, 100).await.unwrap();
        rest = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
        messages.extend(page.entries);
    }
    messages
}

pub(crate) async fn joined(inboxes: &impl Inboxes, user: UserId, group: GroupId) -> Option<Joined> {
    inboxes.get(user, ConversationId::Group(group), Consistency::Strong).await.unwrap().map(|row| row.joined)
}

fn since(position: u64) -> Joined {
    Joined::new(Vec::new(), Some(seq(position)))
}

pub async fn a_group_is_made_whole(store: &(impl Groups + MessageLog + Inboxes), ids: Ids) {
    let group = new_group(ids);
    let first = create(store, ids, &group).await;
    assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    assert_eq!(log_of(store, group.id).await, [first]);
    for user in 1..=3 {
        assert_eq!(joined(store, ids.user(user), group.id).await, Some(since(1)));
    }
    assert_eq!(joined(store, ids.user(4), group.id).await, None);
}

pub async fn an_unknown_group_is_none(groups: &impl Groups, ids: Ids) {
    assert_eq!(groups.group(ids.group(1)).await.unwrap(), None);
    create(groups, ids, &new_group(ids)).await;
    assert_eq!(groups.group(ids.group(2)).await.unwrap(), None);
}

pub async fn a_group_is_made_once(store: &(impl Groups + MessageLog), ids: Ids) {
    let group = new_group(ids);
    let first = create(store, ids, &group).await;
    let other = Group { name: "Swimming".to_owned(), ..group.clone() };
    let again = entry(ids, group.id, 1, other.first_entry(ids.user(1)));
    assert!(store.create_group(&other, &again).await.is_err());
    assert_eq!(store.group(group.id).await.unwrap(), Some(group.clone()));
    assert_eq!(log_of(store, group.id).await, [first]);
}

pub async fn a_commit_makes_version_entry_and_row_together(
    store: &(impl Groups + MessageLog + Inboxes),
    ids: Ids,
) {
    let mut group = new_group(ids);
    let first = create(store, ids, &group).await;
    let added = change(store, ids, &mut group, Change::Added(ids.user(4), Role::Admin), 2).await;
    assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    assert_eq!(joined(store, ids.user(4), group.id).await, Some(since(2)));
    let removed = change(store, ids, &mut group, Change::Removed(ids.user(2)), 3).await;
    assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    assert_eq!(joined(store, ids.user(2), group.id).await, Some(since(1).leave(seq(3))));
    assert_eq!(log_of(store, group.id).await, [first, added, removed]);
}

pub async fn a_commit_without_a_row_leaves_the_rows_as_they_are(
    store: &(impl Groups + MessageLog + Inboxes),
    ids: Ids,
) {
    let mut group = new_group(ids);
    let mut entries = vec![create(store, ids, &group).await];
    let role = Change::RoleChanged(ids.user(2), Role::Owner);
    for (change_of, position) in [(role, 2), (Change::Renamed("Boulders".to_owned()), 3)] {
        entries.push(change(store, ids, &mut group, change_of, position).await);
        assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    }
    assert_eq!(log_of(store, group.id).await, entries);
    for user in 1..=3 {
        assert_eq!(joined(store, ids.user(user), group.id).await, Some(since(1)));
    }
}

/// The racers want the same position or, if they have read more of the log, another.
pub async fn of_racing_commits_on_one_version_exactly_one_is_made(
    store: &(impl Groups + MessageLog + Inboxes),
    ids: Ids,
) {
    let group = new_group(ids);
    create(store, ids, &group).await;
    let changes: Vec<Change> = (4..12).map(|n| Change::Added(ids.user(n), Role::Member)).collect();
    let racers = changes.iter().zip([2, 2, 3].into_iter().cycle());
    let racers = racers.map(|(change, position)| try_change(store, ids, &group, change, position));
    let outcomes = join_all(racers).await;
    let made: Vec<_> = outcomes.iter().filter(|(outcome, ..)| *outcome == CommitOutcome::Done).collect();
    let [(_, entry, next)] = made[..] else { panic!("{} of the racers were made", made.len()) };
    assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(next));
    assert_eq!(log_of(store, group.id).await.last(), Some(entry));
    for (change, (outcome, entry, _)) in changes.iter().zip(&outcomes) {
        let Change::Added(user, _) = change else { unreachable!("all of them join") };
        let expected = (*outcome == CommitOutcome::Done).then(|| since(entry.seq.get()));
        assert_eq!(joined(store, *user, group.id).await, expected);
    }
}

pub async fn a_commit_on_an_old_version_makes_nothing(
    store: &(impl Groups + MessageLog + Inboxes),
    ids: Ids,
) {
    let old = new_group(ids);
    let first = create(store, ids, &old).await;
    let mut group = old.clone();
    let second = change(store, ids, &mut group, Change::Renamed("Boulders".to_owned()), 2).await;
    for late in [Change::Added(ids.user(4), Role::Member), Change::Removed(ids.user(2)), Change::Deleted] {
        let (outcome, ..) = try_change(store, ids, &old, &late, 3).await;
        assert_eq!(outcome, CommitOutcome::Contended, "{late:?}");
    }
    assert_eq!(store.group(group.id).await.unwrap(), Some(group.clone()));
    assert_eq!(log_of(store, group.id).await, [first, second]);
    assert_eq!(joined(store, ids.user(4), group.id).await, None);
    assert_eq!(joined(store, ids.user(2), group.id).await, Some(since(1)));
}

pub async fn a_commit_at_a_taken_position_makes_nothing(
    store: &(impl Groups + MessageLog + Inboxes),
    ids: Ids,
) {
    let mut group = new_group(ids);
    let first = create(store, ids, &group).await;
    let message = entry(ids, group.id, 2, (Kind::Text, ids.message(2, "hello").content));
    store.append(&message).await.unwrap();
    for late in [Change::Added(ids.user(4), Role::Member), Change::Removed(ids.user(2)), Change::Deleted] {
        let (outcome, ..) = try_change(store, ids, &group, &late, 2).await;
        assert_eq!(outcome, CommitOutcome::Contended, "{late:?}");
    }
    assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    assert_eq!(log_of(store, group.id).await, [first.clone(), message.clone()]);
    assert_eq!(joined(store, ids.user(4), group.id).await, None);
    assert_eq!(joined(store, ids.user(2), group.id).await, Some(since(1)));
    let third = change(store, ids, &mut group, Change::Removed(ids.user(2)), 3).await;
    assert_eq!(log_of(store, group.id).await, [first, message, third]);
}

pub async fn of_a_commit_and_an_append_at_a_position_exactly_one_is_made(
    store: &(impl Groups + MessageLog + Inboxes),
    ids: Ids,
) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    for position in 2..10 {
        let message = entry(ids, group.id, position, (Kind::Text, ids.message(1, "hello").content));
        let renamed = Change::Renamed(format!("Name {position}"));
        let append = store.append(&message);
        let ((outcome, entry, next), appended) =
            join(try_change(store, ids, &group, &renamed, position), append).await;
        let written = match (outcome, appended) {
            (CommitOutcome::Done, Err(AppendError::Occupied(occupant))) if *occupant == entry => {
                group = next;
                entry
            }
            (CommitOutcome::Contended, Ok(())) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(log_of(store, group.id).await.last(), Some(&written));
        assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    }
}

pub async fn a_commit_that_expires_reads_back_the_same(store: &(impl Groups + MessageLog), ids: Ids) {
    let group = new_group(ids);
    let expiring = |entry| Message { expires_at: Some(NOW.plus(Duration::from_secs(24 * 3600))), ..entry };
    let first = expiring(entry(ids, group.id, 1, group.first_entry(ids.user(1))));
    store.create_group(&group, &first).await.unwrap();
    let removed = Change::Removed(ids.user(2));
    let second = expiring(entry(ids, group.id, 2, removed.entry()));
    let next = group.after(&removed, seq(2), NOW);
    let version = NewVersion { group: &next, entry: &second, row: row_of(store, &removed).await };
    assert_eq!(store.commit(version).await.unwrap(), CommitOutcome::Done);
    assert_eq!(log_of(store, group.id).await, [first, second]);
}

pub async fn groups_are_read_together_and_missing_ones_left_out(groups: &impl Groups, ids: Ids) {
    let is_there = |n: &u32| n % 10 != 3;
    let of = |n| Group { id: ids.group(n), name: format!("Group {n}"), ..new_group(ids) };
    for n in (0..100).filter(is_there) {
        create(groups, ids, &of(n)).await;
    }
    let wanted: Vec<GroupId> = (0..100).map(|n| ids.group(n)).collect();
    let mut found = groups.groups(&wanted).await.unwrap();
    found.sort_by_key(|group| group.id);
    assert!(found.into_iter().eq((0..100).filter(is_there).map(of)));
    assert_eq!(groups.groups(&[]).await.unwrap(), []);
}

pub async fn a_deleted_group_reads_back_as_such(store: &(impl Groups + MessageLog + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    change(store, ids, &mut group, Change::Deleted, 2).await;
    assert!(group.deleted && group.members.len() == 3);
    assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    assert_eq!(store.groups(&[group.id]).await.unwrap(), std::slice::from_ref(&group));
    // The function that deletes a group ends the memberships one by one.
    assert_eq!(joined(store, ids.user(2), group.id).await, Some(since(1)));
}

pub async fn a_hundred_members_and_a_name_in_any_script_read_back(
    store: &(impl Groups + MessageLog + Inboxes),
    ids: Ids,
) {
    let others = (2..=100).map(|n| ids.user(n));
    let name = "Grüße 🙂 登山 Восхождение تسلق \"a\\b\"";
    let mut group = Group::new(ids.group(1), name, ids.user(1), others, NOW).unwrap();
    assert_eq!(group.members.len(), MEMBERS_MAX);
    let mut entries = vec![create(store, ids, &group).await];
    assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    for n in 1..=100 {
        assert_eq!(joined(store, ids.user(n), group.id).await, Some(since(1)));
    }
    // Names may have any script. One member may have another position and time than all others.
    for change_of in [
        Change::Removed(ids.user(50)),
        Change::Added(ids.user(200), Role::Owner),
        Change::RoleChanged(ids.user(2), Role::Admin),
        Change::Renamed("न".repeat(64)),
    ] {
        let position = entries.len() as u64 + 1;
        entries.push(change(store, ids, &mut group, change_of, position).await);
        assert_eq!(store.group(group.id).await.unwrap().as_ref(), Some(&group));
    }
    assert_eq!(log_of(store, group.id).await, entries);
}

/// System entries differ from messages: most have no text, some mention no user.
pub async fn entries_of_every_kind_read_back(log: &impl MessageLog, ids: Ids) {
    let group = ids.group(1);
    let mut entries = Vec::new();
    for kind in Kind::ALL {
        for (text, mentions) in [(None, vec![ids.user(2)]), (Some("Boulders".to_owned()), Vec::new())] {
            let position = entries.len() as u64 + 1;
            let content = Content { text, reply_to: None, mentions };
            let entry =
                Message { client_message_id: key(position), ..entry(ids, group, position, (kind, content)) };
            log.append(&entry).await.unwrap();
            entries.push(entry);
        }
    }
    assert_eq!(log_of(log, group).await, entries);
    let tail = log.tail(ConversationId::Group(group), 1).await.unwrap();
    assert_eq!(tail.newest.first(), entries.last());
}
