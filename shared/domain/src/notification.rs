//! What a push says.

use crate::push::Owner;
use crate::{ConversationId, Seq, Timestamp, UserId};

/// Characters of a message that an alert shows, where the deployment allows any.
const PREVIEW_CHARACTERS_MAX: usize = 200;

/// Characters of a name that an alert shows.
const NAME_CHARACTERS_MAX: usize = 100;

/// One push to one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// For whom. An app that another user has logged in to meanwhile discards it.
    pub owner: Owner,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Whether it takes the place of earlier pushes of the conversation at the device.
    pub collapses: bool,
    /// Unread messages in all conversations that are not muted; `None` where they could not be counted.
    pub badge: Option<u64>,
    /// What happened.
    pub notice: Notice,
}

/// What a push is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A message came: shown.
    Message(Alert),
    /// The user has read up to there on another device: silent.
    Read(Seq),
}

/// A message, as an alert shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its position.
    pub seq: Seq,
    /// Who sent it.
    pub sender: UserId,
    /// When.
    pub sent_at: Timestamp,
    /// First line.
    pub title: String,
    /// Second line.
    pub body: String,
}

/// What an alert is worded from.
#[derive(Clone, Copy, Debug)]
pub struct Wording<'a> {
    /// The sender's name.
    pub sender: &'a str,
    /// The group's name; `None` in a 1:1 conversation.
    pub group: Option<&'a str>,
    /// The message, where the deployment lets it be shown.
    pub text: Option<&'a str>,
}

impl Wording<'_> {
    /// The two lines of an alert.
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

/// The beginning of a text on one line.
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
    fn an_alert_names_sender_and_group_and_no_text_unless_it_may() {
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
