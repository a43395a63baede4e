//! Friends and blocks, as users see them.

use http::Method;
use serde_json::Value;

use crate::group::settled;
use crate::{Answer, User};

/// All pages of a contact list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contacts {
    /// Friends, with their presence.
    pub contacts: Vec<Value>,
    /// Users who have added this user.
    pub requests: Vec<Value>,
    /// Users whom this user has added.
    pub requested: Vec<Value>,
}

impl User {
    /// Adds a contact, with any outcome.
    pub async fn put_contact(&self, other: &Self) -> Answer {
        let path = format!("/v1/contacts/{}", other.id);
        settled(async || self.http.send(Method::PUT, &path, "").await).await
    }

    /// Removes a contact.
    pub async fn remove_contact(&self, other: &Self) {
        let path = format!("/v1/contacts/{}", other.id);
        settled(async || self.http.delete(&path).await).await.no_content();
    }

    /// Makes two users friends.
    pub async fn befriend(&self, other: &Self) {
        self.put_contact(other).await.ok();
        assert_eq!(other.put_contact(self).await.ok()["friends"], true);
    }

    /// The whole contact list.
    pub async fn contacts(&self) -> Contacts {
        let mut all = Contacts::default();
        for page in self.pages("/v1/contacts").await {
            let of = |name: &str| page[name].as_array().expect("a list").clone();
            all.contacts.extend(of("contacts"));
            all.requests.extend(of("requests"));
            all.requested.extend(of("requested"));
        }
        all
    }

    /// A friend as the contact list shows them.
    pub async fn contact(&self, friend: &Self) -> Value {
        let mut listed = self.contacts().await.contacts;
        listed.retain(|row| row["user"] == friend.id);
        assert_eq!(listed.len(), 1, "{} is not listed once: {listed:?}", friend.id);
        listed.remove(0)
    }

    /// Checks the users in each of the three lists of the contacts.
    pub async fn assert_contacts(&self, friends: &[&Self], requests: &[&Self], requested: &[&Self]) {
        let all = self.contacts().await;
        let listed = [ids(&all.contacts), ids(&all.requests), ids(&all.requested)];
        assert_eq!(listed, [friends, requests, requested].map(sorted), "{all:?}");
    }

    /// Blocks a user.
    pub async fn block(&self, other: &Self) {
        let path = format!("/v1/blocks/{}", other.id);
        settled(async || self.http.send(Method::PUT, &path, "").await).await.no_content();
    }

    /// Ends a block.
    pub async fn unblock(&self, other: &Self) {
        let path = format!("/v1/blocks/{}", other.id);
        settled(async || self.http.delete(&path).await).await.no_content();
    }

    /// The blocks of this user.
    pub async fn blocks(&self) -> Vec<Value> {
        let pages = self.pages("/v1/blocks").await;
        pages.iter().flat_map(|page| page["blocks"].as_array().expect("blocks").clone()).collect()
    }

    /// All pages of a list.
    pub async fn pages(&self, path: &str) -> Vec<Value> {
        let mut pages = vec![self.http.get(path).await.ok()];
        while let Some(next) = pages.last().and_then(|page| page["next"].as_str()) {
            let next = self.http.get(&format!("{path}?cursor={next}")).await.ok();
            pages.push(next);
        }
        pages
    }

    /// The public profile of this user.
    pub async fn profile(&self) -> Value {
        self.http.get(&format!("/v1/users/{}", self.id)).await.ok()
    }
}

/// The users of some rows, in their order.
#[track_caller]
pub fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["user"].as_str().expect("a user").to_owned()).collect()
}

fn sorted(users: &[&User]) -> Vec<String> {
    let mut ids: Vec<String> = users.iter().map(|user| user.id.clone()).collect();
    ids.sort_unstable();
    ids
}
