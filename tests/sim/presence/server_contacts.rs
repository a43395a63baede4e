//! Contacts, as an invocation reads them.

use confab_app::ports::{Contact, ContactPage, Contacts, PairChange, StoreError};
use confab_domain::{Relation, UserId};

use super::server::{Bug, Server};

impl Contacts for Server<'_> {
    async fn relation(&self, user: UserId, other: UserId) -> Result<Relation, StoreError> {
        self.world.memory.relation(user, other).await
    }

    async fn relations(&self, user: UserId, others: &[UserId]) -> Result<Vec<Contact>, StoreError> {
        self.world.memory.relations(user, others).await
    }

    async fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        rows_max: u32,
    ) -> Result<ContactPage, StoreError> {
        if let Some(read) = self.read_before(user, after) {
            return Ok(read);
        }
        let page = self.world.memory.contacts(user, after, rows_max).await?;
        if self.has(Bug::FriendsNotReadAgain) {
            self.notes().pages.insert((user, after), page.clone());
        }
        Ok(page)
    }

    async fn change_pair(&self, change: &PairChange) -> Result<bool, StoreError> {
        self.world.memory.change_pair(change).await
    }
}

impl Server<'_> {
    fn read_before(&self, user: UserId, after: Option<UserId>) -> Option<ContactPage> {
        self.notes().pages.get(&(user, after)).cloned()
    }
}
