//! What can be seen of a text, by the Unicode properties of its characters.

mod context;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, NoncharacterCodePoint, PrependedConcatenationMark,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Characters that are shown as nothing and have no property that says so: a braille cell without dots, a note without a
/// head, a filler of Khitan script, and what stands for an object that is not there.
const BLANK_LOOK_ALIKES: [char; 4] = ['\u{2800}', '\u{1d159}', '\u{16fe4}', '\u{fffc}'];

/// Whether anything of a text can be seen: not only white space, controls, ignorable characters or blank look-alikes.
pub fn has_visible(text: &str) -> bool {
    text.chars().any(is_visible)
}

fn is_visible(c: char) -> bool {
    c.is_ascii_graphic()
        || !(c.is_whitespace() || BLANK_LOOK_ALIKES.contains(&c) || is_ignorable(c) || is_control(c))
}

/// Whether a character is no text: controls, ends of lines and paragraphs, and what will never be a character.
fn is_control(c: char) -> bool {
    let category = category(c);
    matches!(
        category,
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<NoncharacterCodePoint>().contains(c)
}

/// Whether a character is shown as nothing by itself, though it may change what is around it.
fn is_ignorable(c: char) -> bool {
    let is_format = category(c) == GeneralCategory::Format
        && !CodePointSetData::new::<PrependedConcatenationMark>().contains(c);
    is_format || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// A text in Unicode's normal form C, in which a letter and its accents are one character where there is such a one.
fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// It has a control character, or an end of a line.
    Control,
    /// Nothing of it can be seen.
    Invisible,
}

/// A name in the one form in which it is kept: composed, without what cannot be seen, each stretch of blanks one space.
///
/// Joiners and variation selectors stay within an emoji, and where a script needs them; so do the tags of flags.
/// Cleaning twice is cleaning once.
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
        // What was dropped may have kept letters and accents apart.
        Ok(composed(&name.into_iter().collect::<String>()))
    } else {
        Err(BadName::Invisible)
    }
}

/// Why a text is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen;

/// A password in the form in which it is compared: composed, every kind of space a plain one.
///
/// As RFC 8265 has it (OpaqueString), but composed before it is judged, so that scripts typed in parts are not refused, and
/// with joiners, variation selectors and characters of any version of Unicode, so that every emoji may be in a password.
///
/// # Errors
///
/// [`Unseen`] for control characters, and for others that nobody would know to have typed.
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
