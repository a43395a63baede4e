//! Relations between users.

use confab_app::ports::{Contact, ContactPage, Contacts, PairChange};
use confab_domain::{ChangeNumber, ContactChange, Relation, UserId};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, later};

/// A relation with every part set.
fn full_relation() -> Relation {
    Relation {
        put_at: Some(NOW),
        put_by_at: Some(later(1)),
        dismissed: true,
        blocked_at: Some(later(2)),
        blocked_by_at: Some(later(3)),
        shown_active_at: Some(later(4)),
        sight_changed_by: Some(ChangeNumber(u64::MAX)),
    }
}

async fn pair(contacts: &impl Contacts, user: UserId, other: UserId) -> [Relation; 2] {
    let mine = contacts.relation(user, other).await.unwrap();
    [mine, contacts.relation(other, user).await.unwrap()]
}

/// The change of a pair, as it was read, after one user's change.
fn change_of(
    [mine, theirs]: [Relation; 2],
    user: UserId,
    other: UserId,
    change: ContactChange,
) -> PairChange {
    let relation = [mine, mine.after(change, NOW)];
    PairChange { user, other, relation, others_relation: [theirs, theirs.after_others(change, NOW)] }
}

/// Makes one user's change of the other; true if it was made.
async fn make_change(contacts: &impl Contacts, user: UserId, other: UserId, change: ContactChange) -> bool {
    let seen = pair(contacts, user, other).await;
    contacts.change_pair(&change_of(seen, user, other, change)).await.unwrap()
}

/// Users 2, 3 and so on, to whom user 1 has sent requests.
async fn ask_several(contacts: &impl Contacts, ids: Ids, several: u32) -> Vec<UserId> {
    let others: Vec<UserId> = (2..several + 2).map(|n| ids.user(n)).collect();
    for other in &others {
        assert!(make_change(contacts, ids.user(1), *other, ContactChange::Put).await);
    }
    others
}

/// All contacts, page by page.
async fn list(contacts: &impl Contacts, user: UserId, rows_max: u32) -> Vec<Contact> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = contacts.contacts(user, after, rows_max).await.unwrap();
        assert!(page.contacts.len() <= rows_max as usize);
        listed.extend(page.contacts);
        after = page.next;
        if after.is_none() {
            return listed;
        }
    }
}

pub async fn strangers_have_an_empty_relation(contacts: &impl Contacts, ids: Ids) {
    assert_eq!(pair(contacts, ids.user(1), ids.user(2)).await, [Relation::default(); 2]);
    assert_eq!(contacts.contacts(ids.user(1), None, 10).await.unwrap(), ContactPage::default());
    assert_eq!(contacts.relations(ids.user(1), &[ids.user(2)]).await.unwrap(), []);
    assert_eq!(contacts.relations(ids.user(1), &[]).await.unwrap(), []);
}

pub async fn both_of_a_pair_see_a_change(contacts: &impl Contacts, ids: Ids) {
    let (user, other) = (ids.user(1), ids.user(2));
    assert!(make_change(contacts, user, other, ContactChange::Put).await);
    let [mine, theirs] = pair(contacts, user, other).await;
    assert_eq!(mine, Relation { put_at: Some(NOW), ..Relation::default() });
    assert_eq!(theirs, Relation { put_by_at: Some(NOW), ..Relation::default() });
    assert_eq!(list(contacts, user, 10).await, [Contact { other, relation: mine }]);
    assert_eq!(list(contacts, other, 10).await, [Contact { other: user, relation: theirs }]);
}

pub async fn relations_read_back_whole(contacts: &impl Contacts, ids: Ids) {
    let (user, other) = (ids.user(1), ids.user(2));
    let none = Relation::default();
    let mut seen = [none; 2];
    for next in [
        [full_relation(), Relation { dismissed: true, ..none }],
        [Relation { put_by_at: Some(NOW), ..none }, full_relation()],
        [Relation { blocked_by_at: Some(NOW), ..none }, Relation { blocked_at: Some(NOW), ..none }],
    ] {
        let [relation, others_relation] = [0, 1].map(|one: usize| [seen[one], next[one]]);
        let change = PairChange { user, other, relation, others_relation };
        assert!(contacts.change_pair(&change).await.unwrap());
        assert_eq!(pair(contacts, user, other).await, next);
        let listed = [Contact { other, relation: next[0] }];
        assert_eq!(contacts.relations(user, &[other]).await.unwrap(), listed);
        assert_eq!(list(contacts, user, 10).await, listed);
        seen = next;
    }
}

/// Whichever relation of the two is outdated, and whichever of its parts.
pub async fn a_change_of_an_outdated_pair_is_not_made(contacts: &impl Contacts, ids: Ids) {
    let (user, other) = (ids.user(1), ids.user(2));
    assert!(make_change(contacts, user, other, ContactChange::Put).await);
    let seen = pair(contacts, user, other).await;
    let then = Some(later(1));
    let never_read = |read: Relation| {
        [
            Relation { put_at: then, ..read },
            Relation { put_by_at: then, ..read },
            Relation { dismissed: !read.dismissed, ..read },
            Relation { blocked_at: then, ..read },
            Relation { blocked_by_at: then, ..read },
            Relation { shown_active_at: then, ..read },
            Relation { sight_changed_by: Some(ChangeNumber(1)), ..read },
            Relation::default(),
        ]
    };
    let mine = never_read(seen[0]).map(|mine| [mine, seen[1]]);
    let theirs = never_read(seen[1]).map(|theirs| [seen[0], theirs]);
    for wrong in mine.into_iter().chain(theirs) {
        let change = change_of(wrong, user, other, ContactChange::Block);
        assert!(!contacts.change_pair(&change).await.unwrap(), "{wrong:?}");
        assert_eq!(pair(contacts, user, other).await, seen);
    }
}

/// A store may refuse all of several racing changes. Each is made as a whole or not at all, whichever user of the
/// pair makes it.
pub async fn of_racing_changes_of_a_pair_at_most_one_is_made(contacts: &impl Contacts, ids: Ids) {
    let (user, other) = (ids.user(1), ids.user(2));
    for round in 0..3 {
        let [mine, theirs] = pair(contacts, user, other).await;
        let next = |n: u64| {
            let then = Some(later(10 * round + n));
            [Relation { put_at: then, ..mine }, Relation { put_by_at: then, ..theirs }]
        };
        let change = async |n: u64| {
            let [my_next, their_next] = next(n);
            let (relation, others_relation) = ([mine, my_next], [theirs, their_next]);
            let change = if n.is_multiple_of(2) {
                PairChange { user, other, relation, others_relation }
            } else {
                PairChange { user: other, other: user, relation: others_relation, others_relation: relation }
            };
            contacts.change_pair(&change).await.unwrap()
        };
        let made = join_all((0..4).map(change)).await;
        let mut made = (0..4).zip(made).filter_map(|(n, is_made)| is_made.then_some(n));
        let first = made.next();
        assert_eq!(made.next(), None, "after {first:?}");
        assert_eq!(pair(contacts, user, other).await, first.map_or([mine, theirs], next));
        assert!(first.is_some() || change(0).await, "a change without a race is made");
    }
}

pub async fn an_empty_relation_is_not_listed(contacts: &impl Contacts, ids: Ids) {
    let others = ask_several(contacts, ids, 3).await;
    assert!(make_change(contacts, ids.user(1), others[1], ContactChange::Remove).await);
    let left: Vec<UserId> =
        list(contacts, ids.user(1), 10).await.iter().map(|contact| contact.other).collect();
    assert_eq!(left, [others[0], others[2]]);
    assert_eq!(list(contacts, others[1], 10).await, []);
    assert_eq!(contacts.relations(ids.user(1), &[others[1]]).await.unwrap(), []);
    // A removed relation counts as never stored.
    assert!(make_change(contacts, others[1], ids.user(1), ContactChange::Put).await);
    let relation = Relation { put_at: Some(NOW), ..Relation::default() };
    assert_eq!(list(contacts, others[1], 10).await, [Contact { other: ids.user(1), relation }]);
}

/// One user of a pair may have a relation while the other's is empty.
pub async fn one_relation_of_a_pair_may_be_empty(contacts: &impl Contacts, ids: Ids) {
    let (user, other) = (ids.user(1), ids.user(2));
    let none = Relation::default();
    let begun = PairChange { user, other, relation: [none, full_relation()], others_relation: [none, none] };
    assert!(contacts.change_pair(&begun).await.unwrap());
    assert_eq!(pair(contacts, user, other).await, [full_relation(), none]);
    assert_eq!(list(contacts, other, 10).await, []);
    assert!(!contacts.change_pair(&begun).await.unwrap());
}

pub async fn contacts_are_ascending_and_their_pages_tile(contacts: &impl Contacts, ids: Ids) {
    let others = ask_several(contacts, ids, 7).await;
    for rows_max in [1, 2, 3, 7, 8] {
        let listed: Vec<UserId> =
            list(contacts, ids.user(1), rows_max).await.iter().map(|contact| contact.other).collect();
        assert_eq!(listed, others);
    }
}

pub async fn a_page_goes_on_after_the_given_contact(contacts: &impl Contacts, ids: Ids) {
    let others = ask_several(contacts, ids, 4).await;
    let first = contacts.contacts(ids.user(1), Some(others[1]), 1).await.unwrap();
    assert_eq!(first.contacts.iter().map(|contact| contact.other).collect::<Vec<_>>(), [others[2]]);
    assert_eq!(first.next, Some(others[2]));
    // The contact after which the page goes on may have been removed meanwhile.
    assert!(make_change(contacts, ids.user(1), others[2], ContactChange::Remove).await);
    let rest = contacts.contacts(ids.user(1), first.next, 1).await.unwrap();
    assert_eq!(rest.contacts.iter().map(|contact| contact.other).collect::<Vec<_>>(), [others[3]]);
}

pub async fn relations_to_a_hundred_users_are_read_together_and_strangers_left_out(
    contacts: &impl Contacts,
    ids: Ids,
) {
    let known = ask_several(contacts, ids, 30).await;
    let asked: Vec<UserId> = (0..100).map(|n| ids.user(100 - n)).collect();
    let mut relations = contacts.relations(ids.user(1), &asked).await.unwrap();
    relations.sort_by_key(|contact| contact.other);
    assert!(relations.iter().map(|contact| contact.other).eq(known));
    let put = Relation { put_at: Some(NOW), ..Relation::default() };
    assert!(relations.iter().all(|contact| contact.relation == put));
}

pub async fn pairs_are_independent(contacts: &impl Contacts, ids: Ids) {
    let [one, two, three] = [1, 2, 3].map(|n| ids.user(n));
    let pairs = [(one, two), (two, three), (three, one)];
    let made =
        join_all(pairs.map(|(user, other)| make_change(contacts, user, other, ContactChange::Put))).await;
    assert_eq!(made, [true; 3]);
    for (user, other) in pairs {
        let [mine, theirs] = pair(contacts, user, other).await;
        assert!(mine.is_requested() && theirs.is_request());
    }
}
