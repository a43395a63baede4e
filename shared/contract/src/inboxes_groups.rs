//! Inbox rows in groups, whose members come and go.

use confab_app::ports::{ClaimKey, Consistency, Groups, InboxRow, Inboxes, MarkReadOutcome};
use confab_domain::claim::Claim;
use confab_domain::group::{Change, Role};
use confab_domain::joined::PAST_MAX;
use confab_domain::{Alerts, ConversationId, Group, Joined, UserId};

use crate::Ids;
use crate::groups::{change, create, joined, leave_by_oneself, new_group};
use crate::ids::{NOW, key, seq};
use crate::inboxes::{at, claim, is_repeated, next_attempt};

fn conversation(group: &Group) -> ConversationId {
    ConversationId::Group(group.id)
}

async fn add(store: &impl Groups, ids: Ids, group: &mut Group, user: UserId, position: u64) {
    change(store, ids, group, Change::Added(user, Role::Member), position).await;
}

async fn remove(store: &impl Groups, ids: Ids, group: &mut Group, user: UserId, position: u64) {
    change(store, ids, group, Change::Removed(user), position).await;
}

/// Memberships of a row: the ended ones, and the first position of the present one.
fn times(past: &[(u64, u64)], since: Option<u64>) -> Option<Joined> {
    let past = past.iter().map(|(first, last)| (seq(*first), seq(*last))).collect();
    Some(Joined::new(past, since.map(seq)))
}

pub async fn a_row_begins_where_its_user_joins(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, in_group) = (ids.user(4), conversation(&group));
    assert_eq!(store.get(user, in_group, Consistency::Strong).await.unwrap(), None);
    add(store, ids, &mut group, user, 2).await;
    let row = InboxRow {
        conversation: in_group,
        joined: Joined::new(Vec::new(), Some(seq(2))),
        read_seq: None,
        muted_until: None,
        alerts: Alerts::default(),
        added_by: None,
        has_written: false,
        refuses_adds: false,
    };
    assert_eq!(store.get(user, in_group, Consistency::Strong).await.unwrap().as_ref(), Some(&row));
    assert_eq!(store.list(user, None, 10, Consistency::Strong).await.unwrap().rows, [row]);
    assert!(claim(store, user, in_group, 1, NOW).await.is_fresh());
    assert!(is_repeated(claim(store, user, in_group, 1, at(9)).await, NOW));
}

pub async fn a_row_ends_where_its_user_leaves(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    remove(store, ids, &mut group, ids.user(2), 2).await;
    assert_eq!(joined(store, ids.user(2), group.id).await, times(&[(1, 2)], None));
    assert_eq!(joined(store, ids.user(3), group.id).await, times(&[], Some(1)));
}

pub async fn a_user_who_leaves_refuses_adds_until_they_accept_them(
    store: &(impl Groups + Inboxes),
    ids: Ids,
) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, in_group) = (ids.user(2), conversation(&group));
    let refuses =
        async || store.get(user, in_group, Consistency::Strong).await.unwrap().unwrap().refuses_adds;
    remove(store, ids, &mut group, user, 2).await;
    assert!(!refuses().await, "another member removed the user");
    add(store, ids, &mut group, user, 3).await;

    leave_by_oneself(store, ids, &mut group, user, 4).await;
    assert_eq!(joined(store, user, group.id).await, times(&[(1, 2), (3, 4)], None));
    assert!(refuses().await);
    for _ in 0..2 {
        assert!(store.accept_adds(user, in_group).await.unwrap());
        assert!(!refuses().await);
    }
    add(store, ids, &mut group, user, 5).await;
    leave_by_oneself(store, ids, &mut group, user, 6).await;
    // A friend adds the user again.
    add(store, ids, &mut group, user, 7).await;
    assert!(!refuses().await);
    assert!(store.accept_adds(user, in_group).await.unwrap());
    assert_eq!(joined(store, user, group.id).await, times(&[(1, 2), (3, 4), (5, 6)], Some(7)));
    assert!(!store.accept_adds(ids.user(4), in_group).await.unwrap(), "the user was never a member");
    assert_eq!(store.get(ids.user(4), in_group, Consistency::Strong).await.unwrap(), None);
}

pub async fn a_returning_member_keeps_both_memberships_and_the_rest_of_the_row(
    store: &(impl Groups + Inboxes),
    ids: Ids,
) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, in_group) = (ids.user(2), conversation(&group));
    let claim = async |n, ms| claim(store, user, in_group, n, at(ms)).await;
    assert!(claim(1, 0).await.is_fresh());
    assert_eq!(
        store.mark_read(user, in_group, seq(1)).await.unwrap(),
        MarkReadOutcome::Moved(Alerts::default())
    );
    assert!(store.mute(user, in_group, Some(at(50))).await.unwrap());
    remove(store, ids, &mut group, user, 2).await;
    add(store, ids, &mut group, user, 3).await;
    let row = InboxRow {
        conversation: in_group,
        joined: Joined::new(vec![(seq(1), seq(2))], Some(seq(3))),
        read_seq: Some(seq(1)),
        muted_until: Some(at(50)),
        alerts: Alerts::default(),
        added_by: None,
        has_written: true,
        refuses_adds: false,
    };
    assert_eq!(store.get(user, in_group, Consistency::Strong).await.unwrap(), Some(row));
    assert!(is_repeated(claim(1, 9_000).await, at(0)));
    assert!(claim(2, 9_000).await.is_fresh());
    assert_eq!(
        store.mark_read(user, in_group, seq(3)).await.unwrap(),
        MarkReadOutcome::Moved(Alerts::default())
    );
}

pub async fn a_former_member_claims_marks_and_mutes_nothing(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, in_group) = (ids.user(2), conversation(&group));
    claim(store, user, in_group, 1, NOW).await;
    store.mark_read(user, in_group, seq(1)).await.unwrap();
    remove(store, ids, &mut group, user, 2).await;
    let left = store.get(user, in_group, Consistency::Strong).await.unwrap();
    // Claimed before or not.
    for n in [1, 2] {
        assert_eq!(claim(store, user, in_group, n, NOW).await, Claim::NotAMember);
    }
    // Read already or not.
    for position in [1, 2] {
        let marked = store.mark_read(user, in_group, seq(position)).await.unwrap();
        assert_eq!(marked, MarkReadOutcome::NotAMember);
    }
    assert!(!store.mute(user, in_group, Some(at(50))).await.unwrap());
    assert!(!store.mute(user, in_group, None).await.unwrap());
    assert_eq!(store.get(user, in_group, Consistency::Strong).await.unwrap(), left);
    // A refused claim is not recorded.
    add(store, ids, &mut group, user, 3).await;
    assert!(claim(store, user, in_group, 2, NOW).await.is_fresh());
}

/// Two fan-outs of the end of a group may run, or one may run twice.
pub async fn leaving_again_has_no_effect(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, in_group) = (ids.user(2), conversation(&group));
    for position in [2, 2, 9] {
        store.leave(user, in_group, seq(position)).await.unwrap();
        assert_eq!(joined(store, user, group.id).await, times(&[(1, 2)], None));
    }
    remove(store, ids, &mut group, ids.user(3), 2).await;
    store.leave(ids.user(3), in_group, seq(5)).await.unwrap();
    assert_eq!(joined(store, ids.user(3), group.id).await, times(&[(1, 2)], None));
    assert_eq!(claim(store, user, in_group, 1, NOW).await, Claim::NotAMember);
}

pub async fn leaving_ends_the_row_of_one_user_in_one_group(store: &(impl Groups + Inboxes), ids: Ids) {
    let (one, other) = (new_group(ids), Group { id: ids.group(2), ..new_group(ids) });
    create(store, ids, &one).await;
    create(store, ids, &other).await;
    store.leave(ids.user(2), conversation(&one), seq(7)).await.unwrap();
    assert_eq!(joined(store, ids.user(2), one.id).await, times(&[(1, 7)], None));
    for (user, group) in [(1, &one), (3, &one), (2, &other)] {
        assert_eq!(joined(store, ids.user(user), group.id).await, times(&[], Some(1)));
        let claim = claim(store, ids.user(user), conversation(group), 1, NOW).await;
        assert!(claim.is_fresh());
    }
}

pub async fn leaving_without_a_row_makes_none(store: &(impl Groups + Inboxes), ids: Ids) {
    let group = new_group(ids);
    create(store, ids, &group).await;
    store.leave(ids.user(4), conversation(&group), seq(2)).await.unwrap();
    assert_eq!(joined(store, ids.user(4), group.id).await, None);
    assert!(store.list(ids.user(4), None, 10, Consistency::Strong).await.unwrap().rows.is_empty());
}

/// A row remembers a limited number of memberships.
pub async fn the_latest_memberships_are_remembered(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, mut expected) = (ids.user(2), Joined::new(Vec::new(), Some(seq(1))));
    for position in 2..2 * PAST_MAX as u64 + 6 {
        if expected.since().is_some() {
            remove(store, ids, &mut group, user, position).await;
            expected = expected.leave(seq(position));
        } else {
            add(store, ids, &mut group, user, position).await;
            expected = expected.join(seq(position));
        }
        assert_eq!(joined(store, user, group.id).await.as_ref(), Some(&expected));
    }
    assert_eq!(expected.past().len(), PAST_MAX);
}

/// All rows of a list, page by page.
async fn listed(store: &impl Inboxes, user: UserId, rows_max: u32) -> Vec<InboxRow> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(user, after, rows_max, Consistency::Strong).await.unwrap();
        let skimmed = store.list(user, after, rows_max, Consistency::Eventual).await.unwrap();
        assert_eq!((skimmed.rows, skimmed.next), (page.rows.clone(), page.next));
        assert!(page.rows.len() <= rows_max as usize);
        listed.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return listed,
        }
    }
}

pub async fn a_list_has_present_memberships_only(store: &(impl Groups + Inboxes), ids: Ids) {
    let user = ids.user(2);
    store.open(ids.dm(), [ids.user(1), user]).await.unwrap();
    let mut expected = vec![ids.dm()];
    for n in 1..=6 {
        let mut group = Group { id: ids.group(n), ..new_group(ids) };
        create(store, ids, &group).await;
        match n % 3 {
            0 => remove(store, ids, &mut group, user, 2).await,
            1 => store.leave(user, conversation(&group), seq(2)).await.unwrap(),
            _ => expected.push(conversation(&group)),
        }
    }
    for rows_max in 1..=8 {
        let listed = listed(store, user, rows_max).await;
        assert!(listed.iter().map(|row| row.conversation).eq(expected.iter().copied()));
    }
    for n in [1, 3, 4, 6] {
        let ended = ConversationId::Group(ids.group(n));
        let row = store.get(user, ended, Consistency::Strong).await.unwrap().unwrap();
        assert_eq!((row.conversation, Some(row.joined.clone())), (ended, times(&[(1, 2)], None)));
        assert_eq!(store.get(user, ended, Consistency::Eventual).await.unwrap(), Some(row));
    }
}

pub async fn a_returning_member_is_listed_again(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let user = ids.user(2);
    for position in [2, 4, 6] {
        remove(store, ids, &mut group, user, position).await;
        assert_eq!(listed(store, user, 9).await, []);
        add(store, ids, &mut group, user, position + 1).await;
        let row = store.get(user, conversation(&group), Consistency::Strong).await.unwrap().unwrap();
        assert_eq!(listed(store, user, 9).await, [row]);
    }
    assert_eq!(joined(store, user, group.id).await, times(&[(1, 2), (3, 4), (5, 6)], Some(7)));
}

/// The sender was removed between the claim and the append.
pub async fn a_claim_is_released_after_its_user_was_removed(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, in_group) = (ids.user(2), conversation(&group));
    let first = key(1);
    let own = ClaimKey { user, conversation: in_group, key: &first, attempt: next_attempt() };
    assert!(store.claim(own, NOW).await.unwrap().claim.is_fresh());
    assert!(claim(store, user, in_group, 2, NOW).await.is_fresh());
    remove(store, ids, &mut group, user, 2).await;
    store.release_claim(own, NOW).await.unwrap();
    add(store, ids, &mut group, user, 3).await;
    assert!(claim(store, user, in_group, 1, NOW).await.is_fresh());
    assert!(is_repeated(claim(store, user, in_group, 2, NOW).await, NOW));
}
