//! Typing, as devices send and receive it.

use serde_json::{Value, json};

use crate::{Socket, User};

impl Socket {
    /// Sends a typing frame.
    pub async fn type_in(&mut self, conversation: &str) {
        self.send(&json!({"action": "typing", "conversation": conversation})).await;
    }

    /// Waits for the typing event of a user.
    pub async fn sees_typing(&mut self, user: &User, conversation: &str) {
        let event = json!({"type": "typing", "conversation": conversation, "user": user.id});
        self.take(&format!("{event}"), |frame| *frame == event).await;
    }

    /// Checks that no typing event has come.
    ///
    /// Earlier events are in transit before a later heartbeat is answered.
    pub async fn sees_no_typing(&mut self) {
        self.assert_alive().await;
        let found: Option<&Value> = self.waiting.iter().find(|frame| frame["type"] == "typing");
        assert!(found.is_none(), "unexpected: {found:?}");
    }
}
