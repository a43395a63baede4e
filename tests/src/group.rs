//! Groups, as their members use them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Answer, Socket, User};

impl User {
    /// Creates a group named `Climbing`, owned by this user, with others; returns its id.
    pub async fn create_group(&self, others: &[&Self]) -> String {
        let group = self.post_group("Climbing", others).await.with_status(201);
        group["group"].as_str().expect("an id").to_owned()
    }

    /// Creates a group of this user and others, with any outcome.
    pub async fn post_group(&self, name: &str, others: &[&Self]) -> Answer {
        let members: Vec<&str> = others.iter().map(|user| user.id.as_str()).collect();
        self.http.post("/v1/groups", &json!({"name": name, "members": members})).await
    }

    /// A group as this user sees it, with any outcome.
    pub async fn get_group(&self, group: &str) -> Answer {
        self.http.get(&format!("/v1/groups/{group}")).await
    }

    /// The members of a group, with their roles.
    pub async fn roles(&self, group: &str) -> BTreeMap<String, String> {
        roles(&self.get_group(group).await.ok())
    }

    /// Renames a group, with any outcome.
    pub async fn rename_group(&self, group: &str, name: &str) -> Answer {
        let (path, body) = (format!("/v1/groups/{group}"), json!({"name": name}));
        settled(async || self.http.patch(&path, &body).await).await
    }

    /// Deletes a group, with any outcome.
    pub async fn delete_group(&self, group: &str) -> Answer {
        self.http.delete(&format!("/v1/groups/{group}")).await
    }

    /// Adds a user to a group or changes their role, with any outcome.
    pub async fn put_member(&self, group: &str, user: &Self, role: Option<&str>) -> Answer {
        let body = role.map_or_else(|| json!({}), |role| json!({"role": role}));
        let path = member_path(group, user);
        settled(async || self.http.put(&path, &body).await).await
    }

    /// Removes a user from a group, with any outcome.
    pub async fn remove_member(&self, group: &str, user: &Self) -> Answer {
        let path = member_path(group, user);
        settled(async || self.http.delete(&path).await).await
    }

    /// Leaves a group.
    pub async fn leave(&self, group: &str) {
        self.remove_member(group, self).await.no_content();
    }

    /// Checks that a group is neither in the chat list nor in a `sync`.
    pub async fn assert_not_listed(&self, group: &str) {
        let listed = self.chat_list().await;
        assert!(listed.iter().all(|row| row["conversation"] != group), "{listed:?}");
        let mut socket = self.connect().await;
        for (cursors, partial) in [(json!({}), false), (json!({group: 0}), true), (json!({group: 0}), false)]
        {
            let frames = socket.sync_frames(json!({"cursors": cursors, "partial": partial})).await;
            for frame in frames {
                let parts = frame["conversations"].as_array().expect("conversations");
                // If it is named, it may come as one that the user is out of.
                let is_named = cursors.get(group).is_some();
                let is_out = |part: &Value| is_named && (part["left"] == true || part["deleted"] == true);
                assert!(parts.iter().all(|part| part["conversation"] != group || is_out(part)), "{frame}");
            }
        }
    }
}

impl Socket {
    /// The event of the message at a position.
    pub async fn next_at(&mut self, conversation: &str, seq: u64) -> Value {
        let fits = |frame: &Value| {
            frame["type"] == "message" && frame["conversation"] == conversation && frame["seq"] == seq
        };
        self.take(&format!("message {seq} of {conversation}"), fits).await
    }

    /// The event of a change of a conversation.
    pub async fn next_change(&mut self, conversation: &str, change: &str) -> Value {
        let fits = |frame: &Value| {
            frame["type"] == "conversation"
                && frame["conversation"] == conversation
                && frame["change"] == change
        };
        self.take(&format!("{conversation} {change}"), fits).await
    }

    /// The positions of the received messages of a conversation that no test has read yet.
    pub async fn unseen_in(&mut self, conversation: &str) -> Vec<u64> {
        let mut unseen = self.unseen().await;
        unseen.retain(|frame| frame["type"] == "message" && frame["conversation"] == conversation);
        crate::seqs(&unseen)
    }
}

/// The members of a group, with their roles.
#[track_caller]
pub fn roles(group: &Value) -> BTreeMap<String, String> {
    let members = group["members"].as_array().expect("members");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let roles: BTreeMap<_, _> =
        members.iter().map(|member| (text(&member["user"]), text(&member["role"]))).collect();
    assert_eq!(roles.len(), members.len(), "a member is listed twice: {group}");
    roles
}

fn member_path(group: &str, user: &User) -> String {
    format!("/v1/groups/{group}/members/{}", user.id)
}

/// The answer to a call that is repeated while its outcome is unknown.
pub(crate) async fn settled(call: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = call().await;
        if answer.status != 503 {
            return answer;
        }
        answer.refused(503, "unavailable");
    }
}
