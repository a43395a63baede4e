//! The tables and their keys.

use std::collections::BTreeSet;

use confab_store_dynamodb::Tables;
use confab_store_dynamodb::schema::{Definition, EXPIRES_AT, SortKey};
use serde_json::{Value, json};

use super::{assert_faulty, camel, planted, resources_of_type, without};

/// What differs between a table of the template and the stores'.
fn differences(table: &Value, definition: &Definition) -> Vec<String> {
    let mut keys = vec![(definition.partition_key, "HASH", "S")];
    keys.extend(definition.sort_key.map(|(key, kind)| match kind {
        SortKey::Text => (key, "RANGE", "S"),
        SortKey::Number => (key, "RANGE", "N"),
    }));
    let schema = keys.iter().map(|(key, role, _)| json!({"AttributeName": key, "KeyType": role}));
    let types = keys.iter().map(|(key, _, kind)| json!({"AttributeName": key, "AttributeType": kind}));
    let expiry = match definition.expires {
        true => json!({"AttributeName": EXPIRES_AT, "Enabled": true}),
        false => Value::Null,
    };
    let compared = [
        ("KeySchema", Value::from_iter(schema)),
        ("AttributeDefinitions", Value::from_iter(types)),
        ("TimeToLiveSpecification", expiry),
    ];
    let differing = compared.into_iter().filter(|(property, expected)| table[property] != *expected);
    differing.map(|(property, expected)| format!("{property} is not {expected}")).collect()
}

fn faults(template: &Value) -> Vec<String> {
    let tables = Tables::with_prefix("");
    let mut undeclared: BTreeSet<&str> =
        resources_of_type(template, "AWS::DynamoDB::Table").into_keys().collect();
    let mut faults = Vec::new();
    for (name, definition) in tables.definitions() {
        let id = camel(name) + "Table";
        if !undeclared.remove(id.as_str()) {
            faults.push(format!("no {id}"));
        }
        let differences = differences(&template["Resources"][&id]["Properties"], &definition);
        faults.extend(differences.into_iter().map(|difference| format!("{id}: {difference}")));
    }
    faults.extend(undeclared.into_iter().map(|id| format!("no store uses {id}")));
    faults
}

#[test]
fn the_tables_have_the_keys_that_the_stores_use() {
    let of_messages = |property: &str| format!("Resources/MessagesTable/Properties/{property}");
    assert_faulty(
        faults,
        [
            planted(&of_messages("KeySchema/1/AttributeName"), json!("position")),
            planted(&of_messages("AttributeDefinitions/1/AttributeType"), json!("S")),
            planted(&of_messages("TimeToLiveSpecification/Enabled"), json!(false)),
            without(&of_messages("TimeToLiveSpecification")),
            without("Resources/UsersTable"),
            planted("Resources/PushQueue/Type", json!("AWS::DynamoDB::Table")),
        ],
    );
}
