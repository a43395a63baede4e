//! Query strings in the form of events: decoded, with one or several values per name.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// Values by name, in the order in which they were sent.
pub(crate) type Query = BTreeMap<String, Vec<String>>;

pub(crate) fn parse(query: &str) -> Query {
    let mut values = Query::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        values.entry(decode(name)).or_default().push(decode(value));
    }
    values
}

/// The last value of each name.
pub(crate) fn last_values(query: &Query) -> BTreeMap<&str, &str> {
    query.iter().filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str()))).collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_and_repetitions_are_kept() {
        let query = parse("a=1&b%20c=x+y%2Bz&a=2&flag");
        assert_eq!(query["a"], ["1", "2"]);
        assert_eq!(query["b c"], ["x y+z"]);
        assert_eq!(query["flag"], [""]);
        assert_eq!(last_values(&query)["a"], "2");
    }
}
