//! The permissions of each function in `template.yaml`.

use std::collections::BTreeSet;

use confab_embedded_aws::Access;
use serde_json::Value;
use tests::template::template;

use crate::clients::{APPLICATION, TABLE_PREFIX};

/// The permissions of all functions, as accesses by a caller with the name of the function's folder.
///
/// # Panics
///
/// If a resource is of an unknown kind, so that none is left out.
pub(crate) fn allowed() -> BTreeSet<Access> {
    let template = template();
    let resources = template["Resources"].as_object().expect("resources").values();
    let functions = resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    functions.flat_map(|function| of_function(&function["Properties"])).collect()
}

fn of_function(properties: &Value) -> Vec<Access> {
    let caller = properties["CodeUri"].as_str().and_then(|code| code.strip_prefix("functions/"));
    let caller = caller.expect("a folder of functions/");
    let mut accesses = Vec::new();
    let statements =
        one_or_more(&properties["Policies"]).flat_map(|policy| one_or_more(&policy["Statement"]));
    for statement in statements {
        assert_eq!(statement["Effect"], "Allow", "{caller}");
        for resource in one_or_more(&statement["Resource"]).map(resource_of) {
            accesses.extend(one_or_more(&statement["Action"]).map(|action| Access {
                caller: caller.to_owned(),
                action: action.as_str().expect("an action").to_owned(),
                resource: resource.clone(),
            }));
        }
    }
    accesses
}

/// The elements of a list, or the value itself; a missing value has none.
fn one_or_more(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.as_array();
    let alone = Some(value).filter(|value| list.is_none() && !value.is_null());
    list.into_iter().flatten().chain(alone)
}

/// The name of a resource in the audit.
fn resource_of(arn: &Value) -> String {
    match (arn["Fn::GetAtt"].as_str(), arn["Fn::Sub"].as_str()) {
        (Some(attribute), None) => resource_of_attribute(attribute),
        (None, Some(text)) => resource_of_arn(text),
        _ => panic!("a resource of an unknown kind: {arn}"),
    }
}

fn resource_of_attribute(attribute: &str) -> String {
    if let Some(table) = attribute.strip_suffix("Table.Arn") {
        return format!("{TABLE_PREFIX}{}", table.to_lowercase());
    }
    if let Some(queue) = attribute.strip_suffix("Queue.Arn") {
        return format!("{TABLE_PREFIX}{}", kebab(queue));
    }
    match attribute {
        // Only the function that deploys names these.
        "PushSecret.Id" | "PushFeedbackRole.Arn" => attribute.to_owned(),
        "SigningSecret.Id" => "the signing secret".to_owned(),
        _ => panic!("a resource of an unknown kind: {attribute}"),
    }
}

fn resource_of_arn(arn: &str) -> String {
    if let Some((_, path)) = arn.split_once("${WebSocketApi}/ws/") {
        return path.to_owned();
    }
    let name = arn.split_once(":sns:${AWS::Region}:${AWS::AccountId}:").map(|(_, name)| name);
    let name = name.unwrap_or_else(|| panic!("a resource of an unknown kind: {arn}"));
    name.replace("${AWS::StackName}", APPLICATION)
}

/// `FanOut` as `fan-out`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}
