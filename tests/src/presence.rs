//! Presence, as devices receive it.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::socket::is_event;
use crate::{Received, Socket, User, times};

impl Socket {
    /// The answer to a query for these users.
    pub async fn presence_of(&mut self, users: &[&User]) -> Vec<Value> {
        let users: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
        let answer = self.ask(json!({"action": "presence", "users": users})).await;
        assert_eq!(answer["type"], "presence", "{answer}");
        let rows = answer["users"].as_array().expect("users").clone();
        rows.iter().for_each(check);
        rows
    }

    /// The answer to a query for one user; `None` if they are left out.
    pub async fn status_of(&mut self, user: &User) -> Option<String> {
        let rows = self.presence_of(&[user]).await;
        assert!(rows.len() <= 1, "asked for one: {rows:?}");
        rows.first().map(|row| {
            assert_eq!(row["user"], user.id);
            row["status"].as_str().expect("a status").to_owned()
        })
    }

    /// The next presence event about a user, if it comes before `end`.
    pub async fn next_presence(&mut self, user: &User, end: Instant) -> Value {
        let place = |event: &Value| {
            let users = event["users"].as_array()?;
            users.iter().position(|row| row["user"] == user.id)
        };
        let what = format!("a presence of {}", user.id);
        let fits = |frame: &Value| is_presence(frame) && place(frame).is_some();
        let mut event = self.take_by(end, &what, fits).await;
        check_event(&event);
        let place = place(&event).expect("it fits");
        let users = event["users"].as_array_mut().expect("users");
        let row = users.remove(place);
        if !users.is_empty() {
            self.waiting.push_front(event);
        }
        row
    }

    /// Waits for the event that a user is online, who has been since `since`.
    pub async fn sees_online(&mut self, user: &User, since: Instant) -> Value {
        self.sees_promptly(user, "online", since).await
    }

    /// Waits for the event that a user is offline, who has logged out, or seems to have, at `since`.
    pub async fn sees_logged_out(&mut self, user: &User, since: Instant) -> Value {
        self.sees_promptly(user, "offline", since).await
    }

    async fn sees_promptly(&mut self, user: &User, status: &str, since: Instant) -> Value {
        let row = self.next_presence(user, since + times::notified_within() + times::patience()).await;
        let took = since.elapsed();
        assert_eq!(row["status"], status, "{row}");
        assert!(took <= times::notified_within(), "notified of {status} after {took:?}");
        row
    }

    /// Waits for the event that a user is offline, whose last frame was at `last`.
    pub async fn sees_offline(&mut self, user: &User, last: Instant) -> Value {
        let row = self.next_presence(user, last + times::offline_within() + times::patience()).await;
        let took = last.elapsed();
        assert_eq!(row["status"], "offline", "{row}");
        let bounds = times::offline_after()..=times::offline_within();
        assert!(bounds.contains(&took), "notified of offline after {took:?}, not within {bounds:?}");
        row
    }

    /// Checks that no presence event comes before `end`.
    pub async fn sees_no_presence_until(&mut self, end: Instant) {
        self.listen_until(end).await;
        self.assert_no_presence();
    }

    /// Receives frames until `end`, for the test to read later.
    pub async fn listen_until(&mut self, end: Instant) {
        while let Some(received) = self.receive_by(end).await {
            match received {
                Received::Frame(frame) => self.waiting.push_back(frame),
                Received::Pong(_) => {}
                Received::Closed(code) => panic!("closed with {code}"),
            }
        }
    }

    /// Checks that no presence event has come that no test has read.
    ///
    /// Earlier events are in transit before a later heartbeat is answered.
    pub async fn sees_no_presence(&mut self) {
        self.assert_alive().await;
        self.assert_no_presence();
    }

    /// Checks that no event with this status of a user has come.
    ///
    /// A device that connects shortly after a friend may get that friend's event too.
    pub async fn gets_no_event(&mut self, user: &User, status: &str) {
        self.assert_alive().await;
        let rows = self
            .waiting
            .iter()
            .filter(|frame| is_presence(frame))
            .flat_map(|frame| frame["users"].as_array().into_iter().flatten());
        let found = rows.into_iter().find(|row| row["user"] == user.id.as_str() && row["status"] == status);
        assert!(found.is_none(), "unexpected: {found:?}");
    }

    #[track_caller]
    fn assert_no_presence(&self) {
        let found = self.waiting.iter().find(|frame| is_presence(frame));
        assert!(found.is_none(), "unexpected: {found:?}");
    }
}

fn is_presence(frame: &Value) -> bool {
    is_event(frame) && frame["type"] == "presence"
}

/// Checks that an event has its fields and no others.
fn check_event(event: &Value) {
    assert_eq!(event.as_object().map(serde_json::Map::len), Some(2), "{event}");
    let rows = event["users"].as_array().expect("users");
    assert!(!rows.is_empty(), "an event without users: {event}");
    rows.iter().for_each(check);
}

/// Checks that a presence has its fields and no others.
fn check(row: &Value) {
    let fields = ["user", "status", "idle", "last_active_at_ms"];
    assert!(row.as_object().expect("a row").keys().all(|key| fields.contains(&key.as_str())), "{row}");
    assert!(row["user"].is_string(), "{row}");
    assert!(row.get("last_active_at_ms").is_none_or(Value::is_u64), "{row}");
    assert!(row.get("idle").is_none_or(|idle| *idle == true), "{row}");
    assert!(row["status"] == "online" || row["status"] == "offline", "{row}");
}
