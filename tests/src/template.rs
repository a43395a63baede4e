//! `template.yaml`, and YAML of CloudFormation.

use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use serde_json::{Map, Value};

/// Returns `template.yaml` as [`parse`] reads it.
pub fn template() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let text = std::fs::read_to_string(path).expect("template.yaml");
    parse(&text).unwrap_or_else(|error| panic!("template.yaml: {error}"))
}

/// Parses YAML in which a tag stands for a function of CloudFormation, and gives each its long form: `!Ref Queue` is
/// `{"Ref": "Queue"}`, `!GetAtt Queue.Arn` is `{"Fn::GetAtt": "Queue.Arn"}`.
///
/// # Errors
///
/// What is wrong, and where: the syntax, a key that occurs twice in one mapping, an alias.
///
/// Source: "Intrinsic function reference" in the CloudFormation user guide.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut events = Events(Parser::new_from_str(text));
    let mut first = events.next()?;
    while matches!(first, Event::StreamStart | Event::DocumentStart(_)) {
        first = events.next()?;
    }
    events.node(first)
}

struct Events<'text>(Parser<'text, StrInput<'text>>);

impl<'text> Events<'text> {
    fn next(&mut self) -> Result<Event<'text>, String> {
        let (event, _) = self.0.next().ok_or("ends too early")?.map_err(|error| error.to_string())?;
        Ok(event)
    }

    /// The node that begins with an event.
    fn node(&mut self, first: Event<'text>) -> Result<Value, String> {
        match first {
            Event::Scalar(text, style, _, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some();
                Ok(called(tag.as_deref(), if is_text { text.into() } else { plain(&text) }))
            }
            Event::SequenceStart(_, tag) => {
                let mut items = Vec::new();
                while let Some(item) = self.next_unless(&Event::SequenceEnd)? {
                    items.push(self.node(item)?);
                }
                Ok(called(tag.as_deref(), items.into()))
            }
            Event::MappingStart(_, tag) => {
                let mut entries = Map::new();
                while let Some(key) = self.next_unless(&Event::MappingEnd)? {
                    let Event::Scalar(key, ..) = key else { return Err("a key is no text".to_owned()) };
                    let value = self.next()?;
                    let value = self.node(value)?;
                    if entries.insert(key.clone().into_owned(), value).is_some() {
                        return Err(format!("{key} occurs twice in one mapping"));
                    }
                }
                Ok(called(tag.as_deref(), entries.into()))
            }
            other @ (Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Alias(_)
            | Event::SequenceEnd
            | Event::MappingEnd) => Err(format!("unexpected: {other:?}")),
        }
    }

    /// The next event; `None` if it is `end`.
    fn next_unless(&mut self, end: &Event<'_>) -> Result<Option<Event<'text>>, String> {
        let event = self.next()?;
        Ok(Some(event).filter(|event| event != end))
    }
}

/// A plain scalar of YAML's core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<f64>().map(Value::from))
            .unwrap_or_else(|_| text.into()),
        _ => text.into(),
    }
}

/// The function of CloudFormation that a tag names, with its argument.
fn called(tag: Option<&Tag>, argument: Value) -> Value {
    let Some(tag) = tag else { return argument };
    let name = match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    };
    Value::Object(Map::from_iter([(name, argument)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn functions_have_their_long_form() {
        let text =
            "A: !Ref Queue\nB: !If [IsAws, !GetAtt Queue.Arn, !Sub 'x-${Id}']\nC: !Or [!Condition D]\n";
        let parsed = json!({
            "A": {"Ref": "Queue"},
            "B": {"Fn::If": ["IsAws", {"Fn::GetAtt": "Queue.Arn"}, {"Fn::Sub": "x-${Id}"}]},
            "C": {"Fn::Or": [{"Condition": "D"}]},
        });
        assert_eq!(parse(text), Ok(parsed));
    }

    #[test]
    fn only_plain_scalars_are_numbers_and_truth_values() {
        let text = "[90, '90', -1.5, true, \"true\", ~, 2012-10-17, arn:aws]";
        let parsed = json!([90, "90", -1.5, true, "true", null, "2012-10-17", "arn:aws"]);
        assert_eq!(parse(text), Ok(parsed));
    }

    #[test]
    fn wrong_yaml_is_refused() {
        for text in ["A: 1\nA: 2\n", "A: [1", "A: &a 1\nB: *a\n", ""] {
            assert!(parse(text).is_err(), "{text:?} was read");
        }
    }
}
