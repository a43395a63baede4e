//! Alert state of a conversation, in the inbox row.
//!
//! Shape: ten words in one string, with `-` for an absent value: the position of the newest alert, and the mask of the
//! alerts before it; the read mark (0 for none), last position, unread messages and time of the count; the time since
//! which all is counted; the position and the time of the last clear; the writer. It is one string, so that a condition
//! compares all of it.

use std::str::SplitAsciiWhitespace;

use aws_sdk_dynamodb::types::AttributeValue;
use confab_app::ports::StoreError;
use confab_domain::alerts::{Cleared, Count};
use confab_domain::{Alerts, Seq, Timestamp};

use crate::item::{Reader, text};

pub(crate) const ALERTS: &str = "alerts";

/// The attribute; `None` for the default state, which is stored as no attribute.
pub(crate) fn written(alerts: &Alerts) -> Option<AttributeValue> {
    if *alerts == Alerts::default() {
        return None;
    }
    let Alerts { newest, before, count, all_counted_since, cleared, writer } = alerts;
    let word = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let words = [
        word(newest.map(Seq::get)),
        word(Some(*before)),
        word(count.map(|count| count.from.map_or(0, Seq::get))),
        word(count.map(|count| count.through.get())),
        word(count.map(|count| count.unread)),
        word(count.map(|count| count.at.as_ms())),
        word(all_counted_since.map(Timestamp::as_ms)),
        word(cleared.map(|cleared| cleared.read_seq.get())),
        word(cleared.map(|cleared| cleared.at.as_ms())),
        word(Some(*writer)),
    ];
    Some(text(words.join(" ")))
}

pub(crate) fn read(row: &Reader<'_>) -> Result<Alerts, StoreError> {
    match row.optional_text(ALERTS)? {
        None => Ok(Alerts::default()),
        Some(text) => parse(text).ok_or_else(|| row.malformed(ALERTS)),
    }
}

fn parse(text: &str) -> Option<Alerts> {
    let mut words = text.split_ascii_whitespace();
    let alerts = Alerts {
        newest: seq(&mut words)?,
        before: number(&mut words)??,
        count: match (number(&mut words)?, seq(&mut words)?, number(&mut words)?, number(&mut words)?) {
            (Some(from), Some(through), Some(unread), Some(at)) => {
                Some(Count { from: Seq::new(from), through, unread, at: Timestamp::from_ms(at) })
            }
            _ => None,
        },
        all_counted_since: number(&mut words)?.map(Timestamp::from_ms),
        cleared: match (seq(&mut words)?, number(&mut words)?) {
            (Some(read_seq), Some(at)) => Some(Cleared { read_seq, at: Timestamp::from_ms(at) }),
            _ => None,
        },
        writer: number(&mut words)??,
    };
    words.next().is_none().then_some(alerts)
}

/// The next word; `None` if there is none, or it is wrong.
#[expect(clippy::option_option, reason = "a word may be missing, stand for an absent value, or hold a value")]
fn number(words: &mut SplitAsciiWhitespace<'_>) -> Option<Option<u64>> {
    match words.next()? {
        "-" => Some(None),
        word => Some(Some(word.parse().ok()?)),
    }
}

#[expect(clippy::option_option, reason = "as `number`")]
fn seq(words: &mut SplitAsciiWhitespace<'_>) -> Option<Option<Seq>> {
    match number(words)? {
        None => Some(None),
        Some(position) => Some(Some(Seq::new(position)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(alerts: Alerts, expected: &str) {
        assert_eq!(written(&alerts), Some(text(expected)));
        assert_eq!(parse(expected), Some(alerts));
    }

    #[test]
    fn alert_state_reads_back_the_same() {
        assert_eq!(written(&Alerts::default()), None);
        let (seq, at) = (|n| Seq::new(n).unwrap(), Timestamp::from_ms);
        check(
            Alerts {
                newest: Some(seq(9)),
                before: u64::MAX,
                count: Some(Count { from: None, through: seq(9), unread: 3, at: at(5) }),
                all_counted_since: Some(at(4)),
                cleared: Some(Cleared { read_seq: seq(2), at: at(3) }),
                writer: 7,
            },
            "9 18446744073709551615 0 9 3 5 4 2 3 7",
        );
        let none = Alerts { writer: 1, ..Alerts::default() };
        check(none, "- 0 - - - - - - - 1");
    }

    #[test]
    fn a_text_that_is_not_ten_words_is_malformed() {
        for wrong in ["", "- 0 - - - - - - -", "- 0 - - - - - - - 1 1", "x 0 - - - - - - - 1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
