//! Who is writing, as devices tell it and are told.

use serde_json::{Value, json};

use crate::{Socket, User};

impl Socket {
    /// Tells that the user is writing.
    pub async fn type_in(&mut self, conversation: &str) {
        self.send(&json!({"action": "typing", "conversation": conversation})).await;
    }

    /// Waits until the device is told that somebody is writing.
    pub async fn sees_typing(&mut self, user: &User, conversation: &str) {
        let event = json!({"type": "typing", "conversation": conversation, "user": user.id});
        self.take(&format!("{event}"), |frame| *frame == event).await;
    }

    /// Checks that the device has not been told that anybody is writing.
    ///
    /// Whatever was sent before is on its way by the time that a later heartbeat is answered.
    pub async fn sees_no_typing(&mut self) {
        self.assert_alive().await;
        let told: Option<&Value> = self.waiting.iter().find(|frame| frame["type"] == "typing");
        assert!(told.is_none(), "unexpected: {told:?}");
    }
}
