//! Content of a message, and its limits.

use std::collections::BTreeSet;

use crate::text::has_visible;
use crate::{Refusal, Seq, UserId};

/// Content of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// `None` where there are attachments only.
    pub text: Option<String>,
    /// The message that this one answers.
    pub reply_to: Option<Seq>,
    /// Users whom the message addresses in particular.
    pub mentions: Vec<UserId>,
}

/// Limits of a message's content.
#[derive(Clone, Copy, Debug)]
pub struct ContentLimits {
    /// Unit: Unicode scalar values, inclusive.
    pub text_chars_max: usize,
    /// Unit: bytes of UTF-8, inclusive.
    pub text_bytes_max: usize,
    /// Inclusive.
    pub mentions_max: usize,
}

impl Content {
    /// Checks everything that does not depend on the conversation.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a message without a visible character, or too many mentions; [`Refusal::TooLong`] for a
    /// text over either limit.
    pub fn check(&self, limits: ContentLimits) -> Result<(), Refusal> {
        let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) else {
            return Err(Refusal::field("text", "missing; a message needs text or attachments"));
        };
        let too_long = |unit, limit, actual| Refusal::TooLong { field: "text", unit, limit, actual };
        if text.len() > limits.text_bytes_max {
            return Err(too_long("bytes", limits.text_bytes_max, text.len()));
        }
        if text.len() > limits.text_chars_max {
            let chars = text.chars().count();
            if chars > limits.text_chars_max {
                return Err(too_long("characters", limits.text_chars_max, chars));
            }
        }
        if !has_visible(text) {
            return Err(Refusal::field("text", "must have a visible character"));
        }
        if self.mentions.len() > limits.mentions_max {
            return Err(Refusal::field("mentions", format!("at most {}", limits.mentions_max)));
        }
        Ok(())
    }

    /// Whether two messages have the same content; repeats and the order of mentions do not matter.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let mentioned = |content: &Self| content.mentions.iter().copied().collect::<BTreeSet<_>>();
        self.text == other.text && self.reply_to == other.reply_to && mentioned(self) == mentioned(other)
    }

    /// Checks the content against the position of the message.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for an answer to a message that does not exist yet.
    pub fn check_at(&self, seq: Seq) -> Result<(), Refusal> {
        if self.reply_to.is_some_and(|reply_to| reply_to >= seq) {
            return Err(Refusal::field("reply_to", "no such message in this conversation"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ContentLimits = ContentLimits { text_chars_max: 4, text_bytes_max: 10, mentions_max: 1 };

    #[track_caller]
    fn check(text: &str, expected: Result<(), Refusal>) {
        let content = Content { text: Some(text.to_owned()), ..Content::default() };
        assert_eq!(content.check(LIMITS), expected);
    }

    fn too_long(unit: &'static str, limit: usize, actual: usize) -> Result<(), Refusal> {
        Err(Refusal::TooLong { field: "text", unit, limit, actual })
    }

    #[test]
    fn a_text_is_limited_in_characters_and_in_bytes() {
        check("abcd", Ok(()));
        check("abcde", too_long("characters", 4, 5));
        check("äöüß", Ok(()));
        check("🙂🙂", Ok(()));
        check("🙂🙂🙂", too_long("bytes", 10, 12));
    }

    #[test]
    fn an_empty_message_is_refused() {
        let problem = Err(Refusal::field("text", "missing; a message needs text or attachments"));
        check("", problem.clone());
        assert_eq!(Content::default().check(LIMITS), problem);
    }

    #[test]
    fn a_message_without_a_visible_character_is_refused() {
        let problem = Err(Refusal::field("text", "must have a visible character"));
        for text in [" ", "\n\t", "\0", "\u{200b}", "\u{200d}", "\u{2800}", "\u{3164}", "\u{a0}\u{3000}"] {
            check(text, problem.clone());
        }
        for text in [" . ", "\u{200b}a", "❤"] {
            check(text, Ok(()));
        }
    }

    #[test]
    fn content_is_text_answer_and_the_set_of_mentions() {
        let user = |n: u128| UserId::new(ulid::Ulid(n));
        let content =
            Content { text: Some("a".to_owned()), reply_to: Seq::new(3), mentions: vec![user(1), user(2)] };
        let same = Content { mentions: vec![user(2), user(1), user(2)], ..content.clone() };
        assert!(content.says_the_same_as(&same) && same.says_the_same_as(&content));
        for other in [
            Content { text: Some("A".to_owned()), ..content.clone() },
            Content { reply_to: None, ..content.clone() },
            Content { mentions: vec![user(1)], ..content.clone() },
            Content { mentions: vec![user(1), user(2), user(3)], ..content.clone() },
        ] {
            assert!(!content.says_the_same_as(&other) && !other.says_the_same_as(&content));
        }
    }

    #[test]
    fn an_answer_follows_what_it_answers() {
        let content = Content { reply_to: Seq::new(3), ..Content::default() };
        assert!(content.check_at(Seq::new(4).unwrap()).is_ok());
        assert!(content.check_at(Seq::new(3).unwrap()).is_err());
    }
}
