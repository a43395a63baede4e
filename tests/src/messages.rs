//! The content of messages.

use serde_json::Value;

use crate::User;

/// The positions of some messages.
#[track_caller]
pub fn seqs(messages: &[Value]) -> Vec<u64> {
    let seq = |message: &Value| match message["seq"].as_u64() {
        Some(seq) => seq,
        None => panic!("no position: {message}"),
    };
    messages.iter().map(seq).collect()
}

/// The message in an event.
#[must_use]
pub fn message_of(mut event: Value) -> Value {
    event.as_object_mut().expect("an object").remove("type");
    event
}

/// Checks a system entry: its kind, sender, mentions and text.
#[track_caller]
pub fn check_entry(entry: &Value, kind: &str, sender: &User, mentions: &[&User], text: Option<&str>) {
    assert_eq!((&entry["kind"], &entry["sender"]), (&kind.into(), &sender.id.as_str().into()), "{entry}");
    assert_eq!(entry.get("text").and_then(Value::as_str), text, "{entry}");
    let id = entry["client_message_id"].as_str().unwrap_or_default();
    assert!((1..=64).contains(&id.len()) && entry["sent_at_ms"].is_u64(), "{entry}");
    let mentioned = entry.get("mentions").map(|mentions| mentions.as_array().expect("a list").clone());
    let mut mentioned: Vec<String> =
        mentioned.unwrap_or_default().iter().map(|user| user.as_str().expect("an id").to_owned()).collect();
    let mut expected: Vec<String> = mentions.iter().map(|user| user.id.clone()).collect();
    mentioned.sort_unstable();
    expected.sort_unstable();
    assert_eq!(mentioned, expected, "{entry}");
}
