//! A JSON string, number or boolean, as the string that API Gateway makes of it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A header value or authorizer context value. Functions may write any scalar; it always arrives as a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar(pub(crate) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string, a number or a boolean")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar(value.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<&str>) {
        let read = serde_json::from_str::<Scalar>(json).ok();
        assert_eq!(read.as_ref().map(|scalar| scalar.0.as_str()), expected);
    }

    #[test]
    fn scalars_become_strings_and_nothing_else_does() {
        check(r#""a""#, Some("a"));
        check("true", Some("true"));
        check("-3", Some("-3"));
        check("1.5", Some("1.5"));
        check("null", None);
        check("[1]", None);
        check("{}", None);
    }
}
