//! A function's answer about the messages of an event.

use std::{collections::BTreeSet, error::Error, fmt};

use aws_sdk_sqs::types::Message;
use serde_json::Value;

/// The answer does not name the failed messages correctly, so all messages have failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the answer is not a batch response: {}", self.0)
    }
}

impl Error for Malformed {}

/// Returns the messages of a batch that are done, by the function's answer.
///
/// Shape: `{"batchItemFailures":[{"itemIdentifier":"<messageId>"}]}`. No answer, no list and an empty list mean that no
/// message has failed.
///
/// Source: Lambda Developer Guide, "Implementing partial batch responses", success and failure conditions.
///
/// # Errors
///
/// [`Malformed`] for an identifier that is missing or belongs to no message, and for an answer of another shape.
pub(crate) fn done(answer: &[u8], mut batch: Vec<Message>) -> Result<Vec<Message>, Malformed> {
    let mut failed = failed(answer)?;
    batch.retain(|message| !failed.remove(message.message_id().unwrap_or_default()));
    match failed.is_empty() {
        true => Ok(batch),
        false => Err(Malformed("an identifier is of no message")),
    }
}

fn failed(answer: &[u8]) -> Result<BTreeSet<String>, Malformed> {
    if answer.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut answer = match serde_json::from_slice(answer) {
        Ok(Value::Null) => return Ok(BTreeSet::new()),
        Ok(Value::Object(answer)) => answer,
        Ok(_) => return Err(Malformed("no object")),
        Err(_) => return Err(Malformed("no JSON")),
    };
    let failures = match answer.remove("batchItemFailures") {
        None | Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(Value::Array(failures)) => failures,
        Some(_) => return Err(Malformed("no list of failures")),
    };
    let identifier = |failure: Value| match failure.get("itemIdentifier").and_then(Value::as_str) {
        Some(identifier) => Ok(identifier.to_owned()),
        None => Err(Malformed("a failure without an identifier")),
    };
    failures.into_iter().map(identifier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: Result<&[&str], &'static str>) {
        let batch = ["a", "b", "c"].map(|id| Message::builder().message_id(id).build());
        let done = done(answer.as_bytes(), batch.to_vec());
        let done =
            done.map(|done| done.into_iter().filter_map(|message| message.message_id).collect::<Vec<_>>());
        let expected = expected.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(done, expected.map_err(Malformed));
    }

    #[test]
    fn an_answer_without_failures_means_that_all_is_done() {
        for answer in ["", "null", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#] {
            check(answer, Ok(&["a", "b", "c"]));
        }
    }

    #[test]
    fn reported_messages_are_not_done() {
        check(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, Ok(&["a", "c"]));
        check(r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}"#, Ok(&["a", "c"]));
    }

    #[test]
    fn an_identifier_of_no_message_fails_all() {
        for id in ["d", ""] {
            let answer = format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"{id}"}}]}}"#);
            check(&answer, Err("an identifier is of no message"));
        }
    }

    #[test]
    fn a_failure_without_an_identifier_fails_all() {
        for failure in [r#"{"itemIdentifier":null}"#, r#"{"messageId":"a"}"#, r#""a""#] {
            check(&format!(r#"{{"batchItemFailures":[{failure}]}}"#), Err("a failure without an identifier"));
        }
    }

    #[test]
    fn an_answer_that_is_no_batch_response_fails_all() {
        check("oops", Err("no JSON"));
        check("[]", Err("no object"));
        check(r#"{"batchItemFailures":"a"}"#, Err("no list of failures"));
    }
}
