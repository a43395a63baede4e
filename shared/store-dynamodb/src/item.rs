//! Writing and reading the attributes of items.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use confab_app::ports::StoreError;
use confab_domain::Timestamp;

/// An item, as the SDK returns it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A string attribute.
pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute.
pub(crate) fn number(value: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A time, as a number of milliseconds.
pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_ms())
}

/// Reader of an item, with the name that its errors give the item.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    what: &'static str,
    item: &'a Item,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, item: &'a Item) -> Self {
        Self { what, item }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a AttributeValue> {
        self.item.get(name)
    }

    /// Error for an attribute that is missing or wrong.
    pub(crate) fn malformed(&self, name: &str) -> StoreError {
        StoreError::malformed(self.what, format!("attribute {name} is missing or wrong"))
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, StoreError> {
        self.optional_text(name)?.ok_or_else(|| self.malformed(name))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, StoreError> {
        match self.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(value)) => Ok(Some(value)),
            Some(_) => Err(self.malformed(name)),
        }
    }

    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.text(name)?.parse().map_err(|_| self.malformed(name))
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64, StoreError> {
        self.optional_number(name)?.ok_or_else(|| self.malformed(name))
    }

    pub(crate) fn optional_number(&self, name: &str) -> Result<Option<u64>, StoreError> {
        match self.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(value)) => value.parse().map(Some).map_err(|_| self.malformed(name)),
            Some(_) => Err(self.malformed(name)),
        }
    }

    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.number(name).map(Timestamp::from_ms)
    }

    pub(crate) fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_number(name)?.map(Timestamp::from_ms))
    }

    pub(crate) fn list(&self, name: &str) -> Result<&'a [AttributeValue], StoreError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(AttributeValue::L(values)) => Ok(values),
            Some(_) => Err(self.malformed(name)),
        }
    }
}
