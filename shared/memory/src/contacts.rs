//! Relations between users.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use confab_app::ports::{Contact, ContactPage, Contacts, PairChange, StoreError};
use confab_domain::{Relation, UserId};

use crate::Memory;

/// The relation of each user to each other user; strangers have none.
#[derive(Debug, Default)]
pub(crate) struct ContactTable(BTreeMap<UserId, BTreeMap<UserId, Relation>>);

impl ContactTable {
    fn relation(&self, user: UserId, other: UserId) -> Relation {
        self.0.get(&user).and_then(|contacts| contacts.get(&other)).copied().unwrap_or_default()
    }

    fn set(&mut self, user: UserId, other: UserId, relation: Relation) {
        let contacts = self.0.entry(user).or_default();
        if relation == Relation::default() {
            contacts.remove(&other);
        } else {
            contacts.insert(other, relation);
        }
    }

    fn change(&mut self, change: &PairChange) -> bool {
        let PairChange { user, other, relation: [mine, next], others_relation: [theirs, others_next] } =
            *change;
        let is_seen = self.relation(user, other) == mine && self.relation(other, user) == theirs;
        if is_seen {
            self.set(user, other, next);
            self.set(other, user, others_next);
        }
        is_seen
    }
}

impl Contacts for Memory {
    async fn relation(&self, user: UserId, other: UserId) -> Result<Relation, StoreError> {
        self.call(|tables| tables.contacts.relation(user, other)).await
    }

    async fn relations(&self, user: UserId, others: &[UserId]) -> Result<Vec<Contact>, StoreError> {
        let others: BTreeSet<UserId> = others.iter().copied().collect();
        self.call(|tables| {
            let contacts = others
                .iter()
                .map(|other| Contact { other: *other, relation: tables.contacts.relation(user, *other) });
            contacts.filter(|contact| contact.relation != Relation::default()).collect()
        })
        .await
    }

    async fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        rows_max: u32,
    ) -> Result<ContactPage, StoreError> {
        let size = self.page_size(rows_max);
        self.call(|tables| {
            let Some(contacts) = tables.contacts.0.get(&user) else { return ContactPage::default() };
            let from = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
            let mut rest = contacts.range(from);
            let contacts: Vec<Contact> = rest
                .by_ref()
                .take(size)
                .map(|(other, relation)| Contact { other: *other, relation: *relation })
                .collect();
            let next = rest.next().and(contacts.last()).map(|last| last.other);
            ContactPage { contacts, next }
        })
        .await
    }

    async fn change_pair(&self, change: &PairChange) -> Result<bool, StoreError> {
        self.call(|tables| tables.contacts.change(change)).await
    }
}
