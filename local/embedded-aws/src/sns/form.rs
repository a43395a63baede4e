//! Fields of a request in AWS's Query protocol.

use std::collections::BTreeMap;

use super::refusal::Refusal;

/// Fields by name, decoded. Of fields with the same name the last one counts.
#[derive(Debug)]
pub(crate) struct Form(BTreeMap<String, String>);

/// Value of a message attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AttributeValue<'a> {
    pub(super) data_type: &'a str,
    /// The value as sent; a binary one is base64.
    pub(super) value: &'a str,
}

impl Form {
    /// Reads a body of `application/x-www-form-urlencoded`. Any body has a reading: bytes that are not UTF-8 become
    /// replacement characters.
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Returns a field, which may be empty.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a field.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the field is absent or empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.field(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Refusal::missing(name))
    }

    /// Returns the fields `Attributes.entry.N.key` and `Attributes.entry.N.value`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a key without a value.
    pub(super) fn attributes(&self) -> Result<BTreeMap<&str, &str>, Refusal> {
        let entries = self.entries("Attributes", "key").map(|(entry, key)| {
            let value = self.field(&format!("{entry}.value"));
            value.map(|value| (key, value)).ok_or_else(|| Refusal::missing("Attributes"))
        });
        entries.collect()
    }

    /// Returns the fields `MessageAttributes.entry.N.Name` and `MessageAttributes.entry.N.Value`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an empty name, type or value, all of which SNS requires.
    pub(super) fn message_attributes(&self) -> Result<BTreeMap<&str, AttributeValue<'_>>, Refusal> {
        let entries = self.entries("MessageAttributes", "Name").map(|(entry, name)| {
            let part = |part: &str| {
                let value = self.field(&format!("{entry}.Value.{part}"));
                value.filter(|value| !value.is_empty())
            };
            let value = part("StringValue").or_else(|| part("BinaryValue"));
            match (part("DataType"), value) {
                (Some(data_type), Some(value)) if !name.is_empty() => {
                    Ok((name, AttributeValue { data_type, value }))
                }
                _ => Err(Refusal::message_attribute(name)),
            }
        });
        entries.collect()
    }

    /// Entries of a map, each with the prefix of its fields' names and its key.
    fn entries(&self, map: &str, key: &str) -> impl Iterator<Item = (String, &str)> {
        // Each entry has a field of its own, so there are no more entries than fields.
        (1..=self.0.len()).map_while(move |number| {
            let entry = format!("{map}.entry.{number}");
            let key = self.field(&format!("{entry}.{key}"))?;
            Some((entry, key))
        })
    }
}
