//! A logged-in user.

use serde_json::{Value, json};

use crate::{Answer, Chat, Socket, fresh_id};

/// A user on one device.
#[derive(Clone, Debug)]
pub struct User {
    /// A client with the access token of this device.
    pub http: crate::Http,
    /// `usr_…`.
    pub id: String,
    pub handle: String,
    pub password: String,
    /// `dev_…`.
    pub device: String,
    pub access_token: String,
    pub refresh_token: String,
}

impl User {
    /// The same user, logged in on another device.
    pub async fn another_device(&self) -> Self {
        self.log_in(json!({})).await
    }

    /// The same user, logged in on a device with this description.
    pub async fn log_in(&self, device: Value) -> Self {
        let body = json!({"handle": self.handle, "password": self.password, "device": device});
        let session = self.http.anonymous().post("/v1/login", &body).await.ok();
        self.chat().user_of(&self.handle, &self.password, &session)
    }

    /// An anonymous client of the user's chat.
    pub fn chat(&self) -> Chat {
        Chat { http: self.http.anonymous() }
    }

    /// Refreshes the tokens, with any outcome.
    pub async fn refresh(&self) -> Answer {
        let body = json!({"refresh_token": self.refresh_token});
        self.http.anonymous().post("/v1/token/refresh", &body).await
    }

    /// The same device with the tokens of an answer.
    #[must_use]
    #[track_caller]
    pub fn renewed(&self, session: &Value) -> Self {
        self.chat().user_of(&self.handle, &self.password, session)
    }

    /// The address that opens a WebSocket, ticket included.
    pub async fn ticket_url(&self) -> String {
        let ticket = self.http.post("/v1/tickets", &json!({})).await.ok();
        ticket["url"].as_str().expect("a ticket with a url").to_owned()
    }

    /// A socket of this device.
    pub async fn connect(&self) -> Socket {
        Socket::open(&self.ticket_url().await).await
    }

    /// The conversation with another user.
    pub fn dm(&self, other: &Self) -> String {
        let mut ulids = [self, other].map(|user| user.id.trim_start_matches("usr_"));
        ulids.sort_unstable();
        format!("dm_{}_{}", ulids[0], ulids[1])
    }

    /// Sends a text over HTTP and returns the answer.
    pub async fn post_text(&self, conversation: &str, text: &str) -> Value {
        let body = json!({"client_message_id": fresh_id(), "text": text});
        self.post_message(conversation, &body).await.ok()
    }

    /// Sends a text over HTTP as one that was written before anything was read, so that it marks nothing.
    pub async fn post_blindly(&self, conversation: &str, text: &str) -> Value {
        let body = json!({"client_message_id": fresh_id(), "text": text, "read_seq": 0});
        self.post_message(conversation, &body).await.ok()
    }

    /// Sends a message over HTTP, with any outcome.
    pub async fn post_message(&self, conversation: &str, body: &Value) -> Answer {
        self.http.post(&format!("/v1/conversations/{conversation}/messages"), body).await
    }

    /// A page of a conversation over HTTP, with any outcome; `query` is such as `limit=7&before=3`.
    pub async fn page(&self, conversation: &str, query: &str) -> Answer {
        self.http.get(&format!("/v1/conversations/{conversation}/messages?{query}")).await
    }

    /// All messages of a conversation, over HTTP.
    pub async fn log(&self, conversation: &str) -> Vec<Value> {
        let mut messages: Vec<Value> = Vec::new();
        loop {
            let after = messages.last().map_or(0, |last| last["seq"].as_u64().unwrap());
            let page = self.page(conversation, &format!("after={after}&limit=100")).await.ok();
            messages.extend_from_slice(page["messages"].as_array().expect("messages"));
            if page["more"] == false {
                return messages;
            }
        }
    }

    /// All conversations of the chat list.
    pub async fn chat_list(&self) -> Vec<Value> {
        let (mut conversations, mut path) = (Vec::new(), "/v1/conversations".to_owned());
        loop {
            let page = self.http.get(&path).await.ok();
            conversations.extend_from_slice(page["conversations"].as_array().expect("conversations"));
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/conversations?cursor={next}"),
                None => return conversations,
            }
        }
    }

    /// A conversation as the chat list shows it.
    pub async fn listed(&self, conversation: &str) -> Value {
        let mut listed = self.chat_list().await;
        listed.retain(|row| row["conversation"] == conversation);
        assert_eq!(listed.len(), 1, "{conversation} is not listed once: {listed:?}");
        listed.remove(0)
    }

    /// Checks that the tokens of this device are invalid.
    pub async fn assert_logged_out(&self) {
        self.http.get("/v1/me").await.refused(401, "unauthenticated");
        self.refresh().await.refused(401, "unauthenticated");
    }

    /// Checks that the access token of this device works.
    pub async fn assert_logged_in(&self) {
        assert_eq!(self.http.get("/v1/me").await.ok()["user"], self.id);
    }
}
