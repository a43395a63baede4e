//! Selection of the route of a message.

use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::config::{Route, WebSocketApi};

/// Routes of a WebSocket API, by key.
#[derive(Default)]
pub(crate) struct Routes {
    pub(crate) connect: Option<Arc<Route>>,
    pub(crate) disconnect: Option<Arc<Route>>,
    default: Option<Arc<Route>>,
    named: HashMap<String, Arc<Route>>,
    selection: String,
}

impl Routes {
    pub(crate) fn new(api: &WebSocketApi) -> Self {
        let mut routes = Self { selection: api.selection.clone(), ..Self::default() };
        for route in api.routes.iter().cloned().map(Arc::new) {
            match route.key.as_str() {
                "$connect" => routes.connect = Some(route),
                "$disconnect" => routes.disconnect = Some(route),
                "$default" => routes.default = Some(route),
                _ => drop(routes.named.insert(route.key.clone(), route)),
            }
        }
        routes
    }

    /// Returns the route of a message: that of its selection field, if the message is a JSON object and the field a
    /// string, else `$default`. `text` is `None` for a message that is no text. The result is `None` if there is no
    /// `$default` route either.
    ///
    /// A client cannot reach `$connect` and `$disconnect` by naming them.
    pub(crate) fn select(&self, text: Option<&str>) -> Option<&Arc<Route>> {
        let named = text.and_then(|text| self.selected(text)).and_then(|key| self.named.get(&*key));
        named.or(self.default.as_ref())
    }

    fn selected<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let selected = Selection(&self.selection).deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        selected
    }
}

/// Reads one field of an object and skips the others. Of a repeated field the last one counts, as in most JSON readers.
struct Selection<'f>(&'f str);

impl<'de> DeserializeSeed<'de> for Selection<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Selection<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut selected = None;
        while let Some(is_selection) = object.next_key_seed(KeyIs(self.0))? {
            if is_selection {
                let value = object.next_value::<&RawValue>()?.get();
                selected = serde_json::from_str::<Text<'de>>(value).ok().map(|text| text.0);
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(selected)
    }
}

/// A string, borrowed if it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Compares a key without copying it.
struct KeyIs<'f>(&'f str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        let keys = ["$connect", "$disconnect", "$default", "send", "é"];
        let api = WebSocketApi::new("/ws", keys.map(|key| Route::new(key, "function")).into());
        let routes = Routes::new(&api);
        assert_eq!(routes.select(Some(message)).map(|route| route.key.as_str()), Some(expected));
    }

    #[test]
    fn a_known_action_takes_its_route() {
        check(r#"{"action":"send"}"#, "send");
        check(r#" {"a":[{"action":"x"}],"action":"send","b":null} "#, "send");
        check(r#"{"\u0061ction":"\u0073end"}"#, "send");
        check(r#"{"action":"x","action":"send"}"#, "send");
        check(r#"{"action":"\u00e9"}"#, "é");
    }

    #[test]
    fn everything_else_takes_the_default_route() {
        for message in [
            "",
            "hello",
            "null",
            "7",
            r#""send""#,
            r#"["send"]"#,
            "{}",
            r#"{"action":"unknown"}"#,
            r#"{"action":7}"#,
            r#"{"action":["send"]}"#,
            r#"{"action":"send"} x"#,
            r#"{"action":"send""#,
            r#"{"action":"$connect"}"#,
            r#"{"action":"$disconnect"}"#,
            r#"{"action":"$default"}"#,
            &format!(r#"{{"action":"send","deep":{}"#, "[".repeat(100_000)),
        ] {
            check(message, "$default");
        }
    }

    #[test]
    fn without_a_default_route_a_message_may_have_no_route() {
        let routes = Routes::new(&WebSocketApi::new("/ws", vec![Route::new("send", "function")]));
        assert!(routes.select(Some("hello")).is_none());
        assert!(routes.select(None).is_none());
    }
}
