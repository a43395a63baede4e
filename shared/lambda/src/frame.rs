//! Reading JSON that a client sent.

use confab_domain::Refusal;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Reads a body; the refusal names the field that is missing or wrong.
///
/// # Errors
///
/// [`Refusal::Malformed`].
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Serde would take an array for a struct.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::Malformed("must be a JSON object".to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let problem = problem_of(error.inner());
        // At the root, serde names the missing field itself.
        let at_root = path == "." || path == "?";
        Refusal::Malformed(if at_root { problem } else { format!("{path}: {problem}") })
    })?;
    deserializer.end().map_err(|error| Refusal::Malformed(problem_of(&error)))?;
    Ok(value)
}

/// What serde says, without where in the text it is and without our own types' names.
fn problem_of(error: &serde_json::Error) -> String {
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

/// The `id` of a frame that is otherwise wrong, if it has one that can be echoed.
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
    use confab_protocol::client::{Send, Sync};
    use confab_protocol::http::Login;

    #[track_caller]
    fn check<T: DeserializeOwned>(body: &str, expected: &str) {
        let Err(refusal) = parse::<T>(body.as_bytes()) else { panic!("{body} passed") };
        assert_eq!(refusal.to_string(), expected);
    }

    #[test]
    fn a_refusal_names_the_field() {
        check::<Send>(r#"{"id":"a"}"#, "missing field `to`");
        check::<Send>(r#"{"id":"a","to":5}"#, "to: invalid type: integer `5`, expected a string");
        check::<Send>(
            r#"{"id":"a","to":"b","mentions":[1]}"#,
            "mentions[0]: invalid type: integer `1`, expected a string",
        );
        check::<Sync>(
            r#"{"id":"a","cursors":{"x":-1}}"#,
            "cursors.x: invalid value: integer `-1`, expected a whole number that is not negative",
        );
    }

    #[test]
    fn a_refusal_holds_no_name_of_a_type_of_ours() {
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
    fn what_is_not_one_object_is_refused() {
        check::<Sync>("", "must be a JSON object");
        check::<Sync>("[]", "must be a JSON object");
        check::<Sync>(r#"{"id":"a","cursors":{}} x"#, "trailing characters");
    }

    #[test]
    fn an_id_is_found_in_a_frame_that_is_wrong_elsewhere() {
        assert_eq!(id_of(r#"{"id":"a","to":5}"#, 64), Some("a".to_owned()));
        assert_eq!(id_of(r#"{"id":7}"#, 64), None);
        assert_eq!(id_of(r#"{"id":"abc"}"#, 2), None);
        assert_eq!(id_of("nonsense", 64), None);
    }
}
