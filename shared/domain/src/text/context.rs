//! Invisible characters that change how the text around them is shown.
//!
//! Source: Unicode Technical Standard 51, "Emoji Sequences"; RFC 5892, appendix A.1 and A.2 (joiners); Unicode Standard
//! Annex 31, section 2.3 (joiners), and chapters 9, 12 and 13 of the Unicode Standard (Arabic, Bengali, Mongolian).

use icu_properties::props::{
    CanonicalCombiningClass, Emoji, EmojiModifier, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, JoiningType, Script, UnifiedIdeograph, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::{category, is_ignorable};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const TEXT_STYLE: char = '\u{fe0e}';
const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
const CANCEL_TAG: char = '\u{e007f}';
const MONGOLIAN_VOWEL_SEPARATOR: char = '\u{180e}';

/// Flags that tags may spell. A flag with any other tags looks like one without tags.
///
/// Source: Unicode Technical Standard 51, data file `emoji-sequences.txt`, "RGI_Emoji_Tag_Sequence".
const FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];

/// Whether a character is part of how some emoji or script is written.
pub(super) fn is_part(c: char) -> bool {
    matches!(c, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER | MONGOLIAN_VOWEL_SEPARATOR)
        || tag(c).is_some()
        || c == CANCEL_TAG
        || CodePointSetData::new::<VariationSelector>().contains(c)
}

/// Whether a character changes how the text `before` and `after` it is shown.
pub(super) fn is_needed(before: &[char], c: char, after: &[char]) -> bool {
    let Some(&last) = before.last() else { return false };
    match c {
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => joins_or_parts(before, last, c, after),
        TEXT_STYLE | EMOJI_STYLE => takes_style(last, after.first().copied()),
        MONGOLIAN_VOWEL_SEPARATOR => {
            is_of(last, Script::Mongolian) && after.first().is_some_and(|&c| is_of(c, Script::Mongolian))
        }
        CANCEL_TAG => is_flag(before),
        _ if tag(c).is_some() => spells_a_flag(before, c, after),
        _ if CodePointSetData::new::<VariationSelector>().contains(c) => takes_variant(last, c),
        _ => false,
    }
}

/// Whether a joiner makes one emoji of two, or shows a letter in a form that it would not have otherwise.
fn joins_or_parts(before: &[char], last: char, joiner: char, after: &[char]) -> bool {
    if matches!(last, ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER) {
        return false;
    }
    let after = || after.iter().copied().filter(|&c| !is_ignorable(c));
    let next = after().next();
    if joiner == ZERO_WIDTH_NON_JOINER {
        return (is_virama(last) && next.is_some_and(is_letter))
            || (joins_next(before) && joins_previous(after()));
    }
    (ends_in_pictograph(before) && next.is_some_and(is_pictograph))
        || is_virama(last)
        || (category(last) == GeneralCategory::OtherLetter && next.is_some_and(is_virama))
        || joins_next(before) != joins_previous(after())
}

/// A digit with a style is a keycap if the key follows; otherwise the style changes nothing.
fn takes_style(last: char, next: Option<char>) -> bool {
    let is_key = last.is_ascii_digit() || matches!(last, '#' | '*');
    CodePointSetData::new::<Emoji>().contains(last) && (!is_key || next == Some(KEYCAP))
}

fn takes_variant(last: char, selector: char) -> bool {
    let is_ideograph = CodePointSetData::new::<UnifiedIdeograph>().contains(last);
    match selector {
        '\u{180b}'..='\u{180f}' => is_of(last, Script::Mongolian),
        '\u{fe00}'..='\u{fe02}' => {
            is_ideograph || is_of(last, Script::Myanmar) || is_of(last, Script::PhagsPa)
        }
        _ => is_ideograph && selector >= '\u{e0100}',
    }
}

fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// Whether a text ends in a pictograph, perhaps with a style or a skin tone.
fn ends_in_pictograph(before: &[char]) -> bool {
    let is_extension = |c: char| c == EMOJI_STYLE || CodePointSetData::new::<EmojiModifier>().contains(c);
    before.iter().rev().copied().find(|&c| !is_extension(c)).is_some_and(is_pictograph)
}

fn is_virama(c: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c) == CanonicalCombiningClass::Virama
}

fn is_letter(c: char) -> bool {
    GeneralCategoryGroup::Letter.contains(category(c))
}

fn is_of(c: char, script: Script) -> bool {
    CodePointMapData::<Script>::new().get(c) == script
}

/// Whether the last letter would be joined to the letter after it.
fn joins_next(before: &[char]) -> bool {
    use JoiningType as Type;
    let joining = joining_type(before.iter().rev().copied());
    joining
        .is_some_and(|joining| [Type::DualJoining, Type::LeftJoining, Type::JoinCausing].contains(&joining))
}

/// Whether the first letter would be joined to the letter before it.
fn joins_previous(after: impl Iterator<Item = char>) -> bool {
    use JoiningType as Type;
    let joining = joining_type(after);
    joining
        .is_some_and(|joining| [Type::DualJoining, Type::RightJoining, Type::JoinCausing].contains(&joining))
}

/// The joining type of the first character that is not a mark on another.
fn joining_type(mut letters: impl Iterator<Item = char>) -> Option<JoiningType> {
    let letter = letters.find(|&c| !GeneralCategoryGroup::Mark.contains(category(c)))?;
    Some(CodePointMapData::<JoiningType>::new().get(letter))
}

/// The letter or digit that a tag stands for.
fn tag(c: char) -> Option<char> {
    let ascii = u32::from(c).checked_sub(0xe0000).and_then(char::from_u32)?;
    (ascii.is_ascii_lowercase() || ascii.is_ascii_digit()).then_some(ascii)
}

fn is_flag(before: &[char]) -> bool {
    let (flag, spelt) = spelt(before);
    flag && FLAGS.contains(&spelt.as_str())
}

fn spells_a_flag(before: &[char], c: char, after: &[char]) -> bool {
    let (flag, mut spelt) = spelt(before);
    spelt.extend(tag(c));
    let rest = after.iter().map_while(|&c| tag(c));
    spelt.extend(rest.clone());
    flag && FLAGS.contains(&spelt.as_str()) && after.get(rest.count()) == Some(&CANCEL_TAG)
}

/// Whether tags follow a black flag, and the text that they spell.
fn spelt(before: &[char]) -> (bool, String) {
    let count = before.iter().rev().map_while(|&c| tag(c)).count();
    let (rest, tags) = before.split_at(before.len() - count);
    (rest.last() == Some(&BLACK_FLAG), tags.iter().filter_map(|&c| tag(c)).collect())
}
