//! Visible content of texts, by the Unicode properties of their characters.

mod context;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, NoncharacterCodePoint, PrependedConcatenationMark,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Characters that are shown as nothing although no property states it: a braille cell without dots, a note without a
/// head, a filler of Khitan script, and the object replacement character.
const BLANK_LOOK_ALIKES: [char; 4] = ['\u{2800}', '\u{1d159}', '\u{16fe4}', '\u{fffc}'];

/// Whether a text has a visible character: other than white space, controls, ignorable characters and blank
/// look-alikes.
pub fn has_visible(text: &str) -> bool {
    text.chars().any(is_visible)
}

fn is_visible(c: char) -> bool {
    c.is_ascii_graphic()
        || !(c.is_whitespace() || BLANK_LOOK_ALIKES.contains(&c) || is_ignorable(c) || is_control(c))
}

/// Whether a character is no text: controls, ends of lines and paragraphs, and noncharacters.
fn is_control(c: char) -> bool {
    let category = category(c);
    matches!(
        category,
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<NoncharacterCodePoint>().contains(c)
}

/// Whether a character is shown as nothing by itself, though it may change the text around it.
fn is_ignorable(c: char) -> bool {
    let is_format = category(c) == GeneralCategory::Format
        && !CodePointSetData::new::<PrependedConcatenationMark>().contains(c);
    is_format || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// A text in Unicode's normal form C, in which a letter and its accents are one character if such a character exists.
fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Reason why a text is not a valid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// The text has a control character, or an end of a line.
    Control,
    /// The text has no visible character.
    Invisible,
}

/// A name in its one stored form: composed, without invisible characters, each run of blanks as one space.
///
/// Joiners and variation selectors stay within an emoji, and where a script needs them; so do the tags of flags. A
/// clean name stays as it is when it is cleaned again.
///
/// # Errors
///
/// [`BadName`].
pub fn clean_name(text: &str) -> Result<String, BadName> {
    let text: Vec<char> = composed(text.trim()).chars().collect();
    let mut name: Vec<char> = Vec::with_capacity(text.len());
    for (place, &c) in text.iter().enumerate() {
        if is_control(c) {
            return Err(BadName::Control);
        }
        if c.is_whitespace() || BLANK_LOOK_ALIKES.contains(&c) {
            if name.last().is_some_and(|last| *last != ' ') {
                name.push(' ');
            }
        } else if !is_ignorable(c) || context::is_needed(&name, c, &text[place + 1..]) {
            name.push(c);
        }
    }
    name.truncate(name.len() - name.iter().rev().take_while(|c| **c == ' ').count());
    let is_mark =
        |c: char| matches!(category(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark);
    if name.iter().any(|&c| is_visible(c) && !is_mark(c)) {
        // A dropped character may have kept a letter and its accent apart.
        Ok(composed(&name.into_iter().collect::<String>()))
    } else {
        Err(BadName::Invisible)
    }
}

/// Error for a text that is not a valid password: it has invisible characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen;

/// A password in the form in which it is compared: composed, with every kind of space as a plain space.
///
/// The form follows RFC 8265 (OpaqueString), with two differences. The text is composed before it is checked, so that
/// scripts typed in parts are not refused. Joiners, variation selectors and characters of any version of Unicode are
/// allowed, so that a password may have every emoji.
///
/// # Errors
///
/// [`Unseen`] for control characters, and for other invisible characters that no emoji or script needs.
pub fn opaque(text: &str) -> Result<String, Unseen> {
    let space = |c| if category(c) == GeneralCategory::SpaceSeparator { ' ' } else { c };
    let text: String = composed(text).chars().map(space).collect();
    if text.chars().any(|c| is_control(c) || (is_ignorable(c) && !context::is_part(c))) {
        return Err(Unseen);
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
