//! Accounts: handles, passwords, profiles.

use std::fmt;
use std::ops::RangeInclusive;

use crate::text::{BadName, clean_name, opaque};
use crate::{Refusal, Relation, UserId};

/// Unique name of an account: 3–32 of `a`–`z`, `0`–`9`, `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Handle(String);

impl Handle {
    /// Parses a handle, folded to lower case and without surrounding white space.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for a wrong length or another character.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
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

/// A password in clear, to be hashed: never shown, never stored.
///
/// It is in the form of [`opaque`], so that the same password typed on another system is equal.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Shortest and longest password. Unit: characters, inclusive.
    const CHARS: RangeInclusive<usize> = 8..=128;

    /// Longest text that is parsed. Unit: bytes; 128 characters, each composed of at most 18 characters of at most 4
    /// bytes.
    const TYPED_BYTES_MAX: usize = 128 * 18 * 4;

    /// Parses a password that is about to be set.
    ///
    /// # Errors
    ///
    /// [`Refusal::Field`] for fewer than 8 or more than 128 characters, and for invisible characters.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Refusal> {
        if text.len() > Self::TYPED_BYTES_MAX {
            return Err(Self::wrong_length(field));
        }
        let password = opaque(text)
            .map_err(|_| Refusal::field(field, "must not contain control or invisible characters"))?;
        if Self::CHARS.contains(&password.chars().count()) {
            Ok(Self(password))
        } else {
            Err(Self::wrong_length(field))
        }
    }

    fn wrong_length(field: &'static str) -> Refusal {
        let (min, max) = Self::CHARS.into_inner();
        Refusal::field(field, format!("must have {min} to {max} characters"))
    }

    /// The password itself, for the hash function only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A password that a user typed as a proof.
#[derive(Clone, Debug)]
pub struct TypedPassword {
    /// In the form in which passwords are set.
    pub password: Option<Password>,
    /// As it was typed, if that differs: earlier versions hashed it so.
    pub as_typed: Option<Password>,
}

impl TypedPassword {
    /// Parses a typed password; `None` if no password can have been set so.
    pub fn parse(text: &str) -> Option<Self> {
        let password = Password::parse("password", text).ok();
        let could_be_set =
            text.len() <= Password::TYPED_BYTES_MAX && Password::CHARS.contains(&text.chars().count());
        let is_other = password.as_ref().is_none_or(|password| password.0 != text);
        let as_typed = (could_be_set && is_other).then(|| Password(text.to_owned()));
        (password.is_some() || as_typed.is_some()).then_some(Self { password, as_typed })
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The public profile of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Id of the user.
    pub user: UserId,
    /// Unique name.
    pub handle: Handle,
    /// Name for people.
    pub display_name: String,
    /// A media id, or the address of a picture.
    pub avatar: Option<String>,
}

/// A user's setting for who may add the user to groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupAdds {
    /// All users who are not blocked.
    #[default]
    Everyone,
    /// Friends only.
    Friends,
}

impl GroupAdds {
    /// Parses the setting, from a client or from a store.
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

    /// Whether a user with this relation to the owner of the setting may add the owner to a group. `has_left` states
    /// that the owner has left that group and has not since allowed to be added again.
    pub fn allows(self, relation: Relation, has_left: bool) -> bool {
        let is_open = self == Self::Everyone && !has_left;
        relation.blocked_by_at.is_none() && (relation.are_friends() || is_open)
    }

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Friends => "friends",
        }
    }
}

/// Parses a name for people, in the form of [`clean_name`].
///
/// # Errors
///
/// [`Refusal::Field`] for a name without a visible character, one of more than `chars_max` characters, or one with a
/// control character.
pub fn check_label(field: &'static str, text: &str, chars_max: usize) -> Result<String, Refusal> {
    let wrong_length = || Refusal::field(field, format!("must have 1 to {chars_max} characters"));
    // Characters that are dropped may make the text longer, within a limit.
    let typed_chars_max = chars_max * 16;
    let text = text.trim();
    if text.is_empty() || text.chars().nth(typed_chars_max).is_some() {
        return Err(wrong_length());
    }
    let name = clean_name(text).map_err(|problem| {
        let problem = match problem {
            BadName::Control => "must not contain control characters",
            BadName::Invisible => "must have a visible character",
        };
        Refusal::field(field, problem)
    })?;
    if name.chars().count() > chars_max { Err(wrong_length()) } else { Ok(name) }
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
    use crate::Timestamp;

    #[test]
    fn friends_may_always_add_blocked_users_never_and_others_by_the_setting() {
        let then = Some(Timestamp::from_ms(1));
        let stranger = Relation::default();
        let friend = Relation { put_at: then, put_by_at: then, ..stranger };
        for relation in [stranger, friend] {
            let blocked = Relation { blocked_by_at: then, ..relation };
            for (adds, has_left) in
                [GroupAdds::Everyone, GroupAdds::Friends].map(|adds| [(adds, false), (adds, true)]).concat()
            {
                assert!(!adds.allows(blocked, has_left));
                let expected = relation.are_friends() || (adds == GroupAdds::Everyone && !has_left);
                assert_eq!(adds.allows(relation, has_left), expected, "{adds:?} {has_left} {relation:?}");
            }
        }
        assert!(GroupAdds::Everyone.allows(stranger, false) && !GroupAdds::Everyone.allows(stranger, true));
        assert!(GroupAdds::Friends.allows(friend, true) && !GroupAdds::Friends.allows(stranger, false));
    }

    #[test]
    fn a_handle_is_folded_to_lower_case() {
        assert_eq!(Handle::parse("Alice_01").unwrap().as_str(), "alice_01");
    }

    #[test]
    fn white_space_around_a_handle_is_ignored() {
        for text in [" alice", "alice ", "\talice\u{a0}\n"] {
            assert_eq!(Handle::parse(text).unwrap().as_str(), "alice");
        }
        assert_eq!(Handle::parse(&format!(" {} ", "a".repeat(32))).unwrap().as_str().len(), 32);
    }

    #[test]
    fn handles_of_other_lengths_or_letters_are_refused() {
        for text in ["", "ab", " ab ", "a b", "älice", "a-b-c", "ali\u{200b}ce", &"a".repeat(33)] {
            assert!(Handle::parse(text).is_err(), "{text} passed");
        }
        assert!(Handle::parse(&"a".repeat(32)).is_ok());
    }

    fn set(text: &str) -> Option<String> {
        Password::parse("password", text).ok().map(|password| password.reveal().to_owned())
    }

    #[test]
    fn a_password_is_counted_in_characters_and_never_shown() {
        for text in ["1234567", "pa\u{301}ssw\u{301}", &"x".repeat(129), &"x".repeat(100_000), "1234567\n"] {
            assert_eq!(set(text), None, "{text:?}");
        }
        for text in ["pässwörd", &"🙂".repeat(128), &"e\u{301}".repeat(128), "        "] {
            assert!(set(text).is_some(), "{text:?}");
        }
        assert_eq!(format!("{:?}", Password::parse("password", "12345678").unwrap()), "[redacted]");
        assert!(!format!("{:?}", TypedPassword::parse("horse\u{301} battery")).contains("battery"));
    }

    #[track_caller]
    fn check_typed(text: &str, password: Option<&str>, as_typed: Option<&str>) {
        let tried = TypedPassword::parse(text).unwrap();
        let revealed =
            |password: &Option<Password>| password.as_ref().map(|password| password.reveal().to_owned());
        assert_eq!(revealed(&tried.password).as_deref(), password);
        assert_eq!(revealed(&tried.as_typed).as_deref(), as_typed);
    }

    #[test]
    fn a_typed_password_is_tried_in_both_forms() {
        check_typed("pässwörd", Some("pässwörd"), None);
        check_typed("pa\u{308}sswo\u{308}rd", Some("pässwörd"), Some("pa\u{308}sswo\u{308}rd"));
        check_typed("tab\tand nul\0", None, Some("tab\tand nul\0"));
        // Seven characters once composed, and more than 128 that compose to fewer.
        check_typed("seve\u{301}n7\u{301}x", Some("sevén7\u{301}x"), Some("seve\u{301}n7\u{301}x"));
        check_typed(&"e\u{301}".repeat(100), Some(&"é".repeat(100)), None);
        for text in ["", "short", &"x".repeat(129), &"x".repeat(100_000)] {
            assert!(TypedPassword::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_display_name_is_cleaned_and_bounded() {
        for (text, name) in [
            ("  Ann ", "Ann"),
            ("A\u{200b}n\u{202e}n", "Ann"),
            ("Zoe\u{308}", "Zoë"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
        ] {
            assert_eq!(check_label("display_name", text, 3).unwrap(), name);
        }
        let long = format!("A{}", "\u{200b}".repeat(48));
        for text in ["   ", "Anna", "A\u{0}", "A\u{2028}B", "\u{200b}", "\u{3164}", "\u{2800}", &long] {
            assert!(check_label("display_name", text, 3).is_err(), "{text:?} passed");
        }
    }
}
