//! Reading JSON that a client sent.

use confab_domain::Refusal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Parses a body. The refusal names the field that is missing or wrong.
///
/// # Errors
///
/// [`Refusal::Malformed`].
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Serde would read an array as a struct.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::Malformed("must be a JSON object".to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let problem = problem_of(error.inner(), body);
        // At the root, serde names the missing field itself.
        let at_root = path == "." || path == "?";
        Refusal::Malformed(if at_root { problem } else { format!("{path}: {problem}") })
    })?;
    if deserializer.end().is_err() {
        return Err(Refusal::Malformed("nothing may follow the JSON object".to_owned()));
    }
    Ok(value)
}

/// Describes the fault without a parser's terms and without the names of Rust types.
fn problem_of(error: &serde_json::Error, body: &[u8]) -> String {
    match error.classify() {
        Category::Data => problem_of_data(error),
        Category::Eof => "not valid JSON: it ends too early".to_owned(),
        Category::Syntax | Category::Io => {
            let (line, column) = (error.line(), error.column());
            let read = body.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1));
            let end = read.map(<[u8]>::len).sum::<usize>() + column;
            if holds_half_a_pair(&body[..end.min(body.len())]) {
                return "half of a surrogate pair; an escaped character beyond U+FFFF needs both".to_owned();
            }
            format!("not valid JSON at byte {end}")
        }
    }
}

/// Whether the text that a parser has read contains an escaped half of a surrogate pair without the other half.
fn holds_half_a_pair(read: &[u8]) -> bool {
    let mut escapes = read;
    let mut after_first_half = false;
    while let Some((byte, rest)) = escapes.split_first() {
        let is_escape = *byte == b'\\';
        let digits = rest.strip_prefix(b"u").and_then(|rest| str::from_utf8(rest.get(..4)?).ok());
        let code = digits.filter(|_| is_escape).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let is_second_half = code.is_some_and(|code| (0xdc00..0xe000).contains(&code));
        if is_second_half != after_first_half {
            return true;
        }
        after_first_half = code.is_some_and(|code| (0xd800..0xdc00).contains(&code));
        let length = if code.is_some() { 6 } else { 1 + usize::from(is_escape) };
        escapes = escapes.get(length..).unwrap_or_default();
    }
    after_first_half
}

/// Text of a serde error, without its position.
fn problem_of_data(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
    let Some((problem, expected)) = text.rsplit_once(", expected ") else { return text.to_owned() };
    let expected = match expected.split(' ').next() {
        Some("struct") => "an object",
        Some("u32" | "u64") => "a whole number that is not negative",
        _ => expected,
    };
    format!("{problem}, expected {expected}")
}

/// Returns the `id` of a frame that is otherwise wrong, if it has one that can be echoed.
pub fn id_of(body: &str, id_bytes_max: usize) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyId {
        id: String,
    }
    serde_json::from_str::<OnlyId>(body).ok().map(|frame| frame.id).filter(|id| id.len() <= id_bytes_max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_protocol::client::{SendRequest, SyncRequest};
    use confab_protocol::http::Login;

    #[track_caller]
    fn check<T: DeserializeOwned>(body: &str, expected: &str) {
        let Err(refusal) = parse::<T>(body.as_bytes()) else { panic!("{body} passed") };
        assert_eq!(refusal.to_string(), expected);
    }

    #[test]
    fn a_refusal_names_the_field() {
        check::<SendRequest>(r#"{"id":"a"}"#, "missing field `to`");
        check::<SendRequest>(r#"{"id":"a","to":5}"#, "to: invalid type: integer `5`, expected a string");
        check::<SendRequest>(
            r#"{"id":"a","to":"b","mentions":[1]}"#,
            "mentions[0]: invalid type: integer `1`, expected a string",
        );
        check::<SyncRequest>(
            r#"{"id":"a","cursors":{"x":-1}}"#,
            "cursors.x: invalid value: integer `-1`, expected a whole number that is not negative",
        );
    }

    #[test]
    fn a_refusal_contains_no_name_of_a_rust_type() {
        check::<Login>(
            r#"{"handle":"a","password":"b","device":"phone"}"#,
            "device: invalid type: string \"phone\", expected an object",
        );
        check::<Login>(
            r#"{"handle":"a","password":"b","device":[]}"#,
            "device: invalid type: sequence, expected an object",
        );
    }

    #[test]
    fn a_body_that_is_not_one_object_is_refused() {
        check::<SyncRequest>("", "must be a JSON object");
        check::<SyncRequest>("[]", "must be a JSON object");
        check::<SyncRequest>(r#"{"id":"a","cursors":{}} x"#, "nothing may follow the JSON object");
    }

    #[test]
    fn a_body_that_is_not_json_is_refused_in_plain_words() {
        check::<Login>(r#"{"handle":"a","#, "not valid JSON: it ends too early");
        check::<Login>(r#"{"handle":"a}"#, "handle: not valid JSON: it ends too early");
        check::<Login>("{\n\"handle\" \"a\"}", "not valid JSON at byte 12");
        check::<Login>(r#"{"handle":NaN}"#, "handle: not valid JSON at byte 11");
        check::<Login>(r#"{"handle":"\x"}"#, "handle: not valid JSON at byte 13");
    }

    #[test]
    fn half_a_surrogate_pair_is_called_so() {
        let half = "handle: half of a surrogate pair; an escaped character beyond U+FFFF needs both";
        for text in [
            r"\ud83d",
            r"\ud83d and more",
            r"\ude42",
            r"\uD83D\u0041",
            r"\ud83d\ud83d",
            r"\ud83d\n",
            r"\ud83dA",
        ] {
            check::<Login>(&format!(r#"{{"handle":"{text}"}}"#), half);
            check::<Login>(&format!("{{\n\"password\":\"b\",\n\"handle\":\"{text}\"}}"), half);
        }
        check::<Login>(r#"{"handle":"\ud83d\ude42"#, "handle: not valid JSON: it ends too early");
        check::<Login>(r#"{"handle":"\u00e4\x"}"#, "handle: not valid JSON at byte 19");
    }

    #[test]
    fn an_id_is_found_in_a_frame_that_is_wrong_elsewhere() {
        assert_eq!(id_of(r#"{"id":"a","to":5}"#, 64), Some("a".to_owned()));
        assert_eq!(id_of(r#"{"id":7}"#, 64), None);
        assert_eq!(id_of(r#"{"id":"abc"}"#, 2), None);
        assert_eq!(id_of("nonsense", 64), None);
    }
}
