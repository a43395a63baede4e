//! Content of a push.

use crate::push::Owner;
use crate::{ConversationId, Seq, Timestamp, UserId};

/// Most characters of a message in an alert, if the deployment shows texts.
const PREVIEW_CHARACTERS_MAX: usize = 200;

/// Most characters of a name in an alert.
const NAME_CHARACTERS_MAX: usize = 100;

/// One push to one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The login that the push is for. An app discards the push if another user has logged in since.
    pub owner: Owner,
    /// The conversation that the push is about.
    pub conversation: ConversationId,
    /// Whether the push replaces earlier pushes of the conversation on the device.
    pub collapses: bool,
    /// Unread messages in all conversations that are not muted; `None` if they could not be counted.
    pub badge: Option<u64>,
    /// The alert or the clear.
    pub notice: Notice,
}

/// An alert or a clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Alert: a message arrived.
    Message(Alert),
    /// Clear: the user has read up to this position on another device. Silent.
    Read(Seq),
}

/// A message as an alert shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Position of the message.
    pub seq: Seq,
    /// Sender of the message.
    pub sender: UserId,
    /// When the message was sent.
    pub sent_at: Timestamp,
    /// First line.
    pub title: String,
    /// Second line.
    pub body: String,
}

/// Parts from which the lines of an alert are made.
#[derive(Clone, Copy, Debug)]
pub struct Wording<'a> {
    /// Name of the sender.
    pub sender: &'a str,
    /// Name of the group; `None` in a 1:1 conversation.
    pub group: Option<&'a str>,
    /// Text of the message, if the deployment shows texts.
    pub text: Option<&'a str>,
}

impl Wording<'_> {
    /// Title and body of the alert.
    pub fn lines(&self) -> (String, String) {
        let sender = cut(self.sender, NAME_CHARACTERS_MAX);
        let text = self.text.map(|text| cut(text, PREVIEW_CHARACTERS_MAX)).filter(|text| !text.is_empty());
        match (self.group, text) {
            (None, None) => (sender, "New message".to_owned()),
            (None, Some(text)) => (sender, text),
            (Some(group), None) => (cut(group, NAME_CHARACTERS_MAX), format!("New message from {sender}")),
            (Some(group), Some(text)) => (cut(group, NAME_CHARACTERS_MAX), format!("{sender}: {text}")),
        }
    }
}

/// The beginning of a text, on one line.
fn cut(text: &str, characters_max: usize) -> String {
    let mut characters = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = characters.by_ref().take(characters_max).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(group: Option<&str>, text: Option<&str>, title: &str, body: &str) {
        let lines = Wording { sender: "Alice", group, text }.lines();
        assert_eq!(lines, (title.to_owned(), body.to_owned()));
    }

    #[test]
    fn an_alert_names_sender_and_group_and_shows_the_text_only_if_allowed() {
        check(None, None, "Alice", "New message");
        check(None, Some("Lunch?"), "Alice", "Lunch?");
        check(Some("Team"), None, "Team", "New message from Alice");
        check(Some("Team"), Some("Lunch?"), "Team", "Alice: Lunch?");
        check(None, Some(" \n "), "Alice", "New message");
    }

    #[test]
    fn long_texts_are_cut_and_stay_on_one_line() {
        let (_, body) = Wording { sender: "A", group: None, text: Some(&"é\n".repeat(200)) }.lines();
        assert_eq!(body.chars().count(), 201);
        assert!(body.starts_with("é é ") && body.ends_with('…'));
    }
}
