//! Conditions that hold only while attributes are as they were read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::Item;

/// A condition that compares attributes, absent ones included.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    conditions: Vec<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: Item,
}

impl Comparison {
    /// Adds that the attribute has this value, or is absent.
    pub(crate) fn and(mut self, name: &str, seen: Option<AttributeValue>) -> Self {
        let index = self.conditions.len();
        self.names.insert(format!("#seen{index}"), name.to_owned());
        self.conditions.push(match seen {
            None => format!("attribute_not_exists(#seen{index})"),
            Some(value) => {
                self.values.insert(format!(":seen{index}"), value);
                format!("#seen{index} = :seen{index}")
            }
        });
        self
    }

    /// The condition.
    pub(crate) fn expression(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// The values; `None` if there are none, since DynamoDB takes no empty map.
    pub(crate) fn values(self) -> Option<Item> {
        (!self.values.is_empty()).then_some(self.values)
    }
}
