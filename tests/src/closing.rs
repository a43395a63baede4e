//! Sockets that the server closes.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::socket::Received;
use crate::{Socket, fresh_id};

impl Socket {
    /// Waits until the server sends the reason of a close, then closes. API Gateway has no close code for it.
    pub async fn next_closing(&mut self, reason: &str, code: u16) {
        let closing = self.next("closing").await;
        assert_eq!(closing["reason"], reason, "{closing}");
        let closed = self.next_close().await;
        assert!(closed == code || crate::server::named().is_some(), "closed with {closed}");
    }

    /// The answer to a frame, which gets a fresh `id`; `None` if the socket closes instead.
    pub async fn ask_unless_closed(&mut self, mut frame: Value) -> Option<Value> {
        let id = fresh_id();
        frame["id"] = id.clone().into();
        if self.out.send(Message::text(frame.to_string())).await.is_err() {
            return None;
        }
        loop {
            match self.receive("an answer or the end of the socket").await {
                Received::Frame(answer) if answer["id"] == *id => return Some(answer),
                Received::Frame(event) => self.waiting.push_back(event),
                Received::Pong(_) => {}
                Received::Closed(_) => return None,
            }
        }
    }
}
