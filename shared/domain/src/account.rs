//! Accounts: handles, passwords, profiles.

use std::fmt;

use crate::{Refusal, UserId};

/// The unique name by which others find an account: 3–32 of `a`–`z`, `0`–`9`, `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Handle(String);

impl Handle {
    /// Reads a handle; upper case counts as lower case.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a wrong length or another character.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !(3..=32).contains(&text.len()) || !text.chars().all(allowed) {
            return Err(Refusal::field("handle", "must be 3 to 32 of a-z, 0-9 and _"));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The handle in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A password on its way to being hashed: never shown, never stored.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Longest password. Unit: bytes; 128 characters of at most 4 bytes.
    const BYTES_MAX: usize = 128 * 4;

    /// Reads a password that is about to be set.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for fewer than 8 or more than 128 characters.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let right_length = text.len() <= Self::BYTES_MAX && (8..=128).contains(&text.chars().count());
        if right_length {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::field("password", "must have 8 to 128 characters"))
        }
    }

    /// The password itself, for the hash function only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What everybody may know of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub user: UserId,
    /// Unique.
    pub handle: Handle,
    /// For people.
    pub display_name: String,
    /// A media id or an address of a picture.
    pub avatar: Option<String>,
}

/// Who may put a user into groups, as far as the user has a say in general.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupAdds {
    /// Whoever is not blocked.
    #[default]
    Everyone,
    /// Friends.
    Friends,
}

impl GroupAdds {
    /// Reads what a client says, and what is stored.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for another word.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match text {
            "everyone" => Ok(Self::Everyone),
            "friends" => Ok(Self::Friends),
            _ => Err(Refusal::field("group_adds", "must be everyone or friends")),
        }
    }

    /// As clients and stores know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Friends => "friends",
        }
    }
}

/// Checks a name that people read, and drops the white space around it.
///
/// # Errors
///
/// [`Refusal::Field`] for an empty one, one of more than `chars_max` characters,
/// or one with a control character.
pub fn check_label(field: &'static str, text: &str, chars_max: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > chars_max {
        return Err(Refusal::field(field, format!("must have 1 to {chars_max} characters")));
    }
    if text.chars().any(is_control) {
        return Err(Refusal::field(field, "must not have control characters"));
    }
    if !text.chars().any(|c| c.is_alphanumeric() || (!c.is_whitespace() && !is_joiner(c))) {
        return Err(Refusal::field(field, "must have something to see"));
    }
    Ok(text.to_owned())
}

/// Control characters, and those that steer how the text around them is shown.
fn is_control(c: char) -> bool {
    let steers = matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || steers || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Invisible by themselves, but part of how some scripts and emoji are written.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

/// Checks an avatar: a media id or an `https` address.
///
/// # Errors
///
/// [`Refusal::Field`] for anything else, or more than `bytes_max` bytes.
pub fn check_avatar(text: &str, bytes_max: usize) -> Result<String, Refusal> {
    let names = |prefix: &str| text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    let known = names("https://") || names("med_");
    if !known || text.len() > bytes_max || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Refusal::field("avatar", "must be a media id or an https address"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_folded_to_lower_case() {
        assert_eq!(Handle::parse("Alice_01").unwrap().as_str(), "alice_01");
    }

    #[test]
    fn handles_of_other_lengths_or_letters_are_refused() {
        for text in ["", "ab", "a b", "älice", "a-b-c", &"a".repeat(33)] {
            assert!(Handle::parse(text).is_err(), "{text} passed");
        }
        assert!(Handle::parse(&"a".repeat(32)).is_ok());
    }

    #[test]
    fn a_password_is_counted_in_characters_and_never_shown() {
        assert!(Password::parse("1234567").is_err());
        assert!(Password::parse("pässwörd").is_ok());
        assert!(Password::parse(&"🙂".repeat(128)).is_ok());
        assert!(Password::parse(&"x".repeat(129)).is_err());
        assert_eq!(format!("{:?}", Password::parse("12345678").unwrap()), "[redacted]");
    }

    #[test]
    fn a_display_name_is_trimmed_and_bounded() {
        assert_eq!(check_label("display_name", "  Ann ", 3).unwrap(), "Ann");
        assert!(check_label("display_name", "   ", 3).is_err());
        assert!(check_label("display_name", "Anna", 3).is_err());
        for hostile in ["A\u{0}", "\u{202e}A", "A\u{2028}B", "\u{200b}", "\u{200d}\u{200d}"] {
            assert!(check_label("display_name", hostile, 3).is_err(), "{hostile:?} passed");
        }
        for fine in ["👩\u{200d}🚀", "می\u{200c}", "❤\u{fe0f}"] {
            assert_eq!(check_label("display_name", fine, 5).unwrap(), fine);
        }
    }
}
