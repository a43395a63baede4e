//! Attributes of applications and endpoints.

use std::collections::BTreeMap;

use super::refusal::Refusal;

/// Attributes by name, in the form of answers.
pub(super) type Attributes = BTreeMap<&'static str, String>;

/// The attribute that both applications and endpoints have.
pub(super) const ENABLED: &str = "Enabled";

/// Reads the value of [`ENABLED`].
///
/// # Errors
///
/// [`Refusal`] for anything but true and false, in letters of any case.
pub(super) fn enabled(value: &str) -> Result<bool, Refusal> {
    value.to_ascii_lowercase().parse().map_err(|_| Refusal::attribute_value(ENABLED))
}

/// Whether an answer can return this text unchanged: XML cannot represent most control characters.
///
/// Source: Extensible Markup Language (XML) 1.0, section 2.2.
pub(super) fn is_text(text: &str) -> bool {
    text.chars().all(is_character)
}

/// Whether XML can represent this character.
pub(super) fn is_character(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => character >= ' ',
    }
}
