//! The agreement of `template.yaml` with the code and the documents.
//!
//! Each check is a function from a template to its faults. It finds none in `template.yaml`, and one in a template in
//! which a mistake was planted.

mod alarms;
mod functions;
mod logs;
mod parameters;
mod queues;
mod routes;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::template::template;

/// The folders in `functions/`.
pub(crate) fn function_folders() -> BTreeSet<String> {
    let folders = crate::root().join("functions").read_dir().expect("functions/");
    folders.map(|entry| entry.expect("a function").file_name().to_string_lossy().into_owned()).collect()
}

/// The variables of the environment of all functions together.
pub(crate) fn variables() -> BTreeSet<String> {
    functions::variables_of_all(&template())
}

/// The template with another value at a path, such as `Resources/PushQueue/Type`.
///
/// # Panics
///
/// If the template has no value there.
fn planted(path: &str, value: Value) -> Value {
    let mut template = template();
    *template.pointer_mut(&format!("/{path}")).unwrap_or_else(|| panic!("no {path}")) = value;
    template
}

/// The template without the last part of a path.
fn without(path: &str) -> Value {
    let mut template = template();
    let (parent, name) = path.rsplit_once('/').expect("a path of two parts");
    let parent = template.pointer_mut(&format!("/{parent}")).and_then(Value::as_object_mut);
    parent.and_then(|parent| parent.remove(name)).unwrap_or_else(|| panic!("no {path}"));
    template
}

/// Checks that `template.yaml` has no fault and that each of the others has one.
fn assert_faulty(faults: impl Fn(&Value) -> Vec<String>, planted: impl IntoIterator<Item = Value>) {
    assert_eq!(faults(&template()), Vec::<String>::new());
    for (number, template) in planted.into_iter().enumerate() {
        assert!(!faults(&template).is_empty(), "planted mistake {number} is not found");
    }
}

/// The resources of a type, by their logical id.
fn resources_of_type<'a>(template: &'a Value, kind: &str) -> BTreeMap<&'a str, &'a Value> {
    let resources = template["Resources"].as_object().expect("resources").iter();
    let mut resources: BTreeMap<&str, &Value> =
        resources.map(|(id, resource)| (id.as_str(), resource)).collect();
    resources.retain(|_, resource| resource["Type"] == kind);
    resources
}

/// The folder in `functions/` of a function's resource, by the resource's id.
fn folder_of<'a>(template: &'a Value, id: &str) -> Option<&'a str> {
    template["Resources"][id]["Properties"]["CodeUri"].as_str()?.strip_prefix("functions/")
}

/// All values under a key, however deep.
fn values_of<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    let below = |value| values_of(value, key);
    match value {
        Value::Object(entries) => {
            let own = entries.get(key).into_iter();
            own.chain(entries.values().flat_map(below)).collect()
        }
        Value::Array(items) => items.iter().flat_map(below).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The texts of a list.
fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `fan-out`, `fan_out` and `FAN_OUT` as `FanOut`.
fn camel(name: &str) -> String {
    let words = name.split(['-', '_', '$']).filter(|word| !word.is_empty());
    words.map(|word| format!("{}{}", word[..1].to_uppercase(), word[1..].to_lowercase())).collect()
}
