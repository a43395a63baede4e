//! The permissions of each function in `template.yaml`.

use std::collections::BTreeSet;

use confab_embedded_aws::Access;

use crate::clients::{APPLICATION, TABLE_PREFIX};

/// The permissions of all functions, as accesses by a caller with the name of the function's folder.
///
/// Reads the form in which the template is written: statements with `Action` and `Resource`, each on one line or as a
/// list.
///
/// # Panics
///
/// If a resource is of an unknown kind, so that none is left out.
pub(crate) fn allowed() -> BTreeSet<Access> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let template = std::fs::read_to_string(path).expect("template.yaml");
    let functions = template.split("Type: AWS::Serverless::Function\n").skip(1);
    functions.flat_map(|function| of_function(own_lines(function))).collect()
}

/// The lines of a resource, up to the start of the next.
fn own_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| line.is_empty() || line.starts_with("    "))
}

fn of_function<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Access> {
    let (mut caller, mut actions, mut accesses) = (String::new(), Vec::new(), Vec::new());
    let mut in_resources = false;
    for line in lines.map(str::trim) {
        if let Some(folder) = line.strip_prefix("CodeUri: functions/") {
            folder.clone_into(&mut caller);
        }
        if let Some(list) = line.strip_prefix("Action: ") {
            let names = list.trim_matches(['[', ']']).split(',');
            actions = names.map(|name| name.trim().to_owned()).collect();
        }
        let resource = match line.strip_prefix("Resource:") {
            Some("") => {
                in_resources = true;
                continue;
            }
            Some(resource) => Some(resource.trim()),
            None => line.strip_prefix("- ").filter(|_| in_resources && line.starts_with("- !")),
        };
        in_resources = in_resources && resource.is_some();
        let Some(resource) = resource.map(resource_of) else { continue };
        accesses.extend(actions.iter().map(|action| Access {
            caller: caller.clone(),
            action: action.clone(),
            resource: resource.clone(),
        }));
    }
    accesses
}

/// The name of a resource in the audit.
fn resource_of(arn: &str) -> String {
    if let Some(table) = arn.strip_prefix("!GetAtt ").and_then(|arn| arn.strip_suffix("Table.Arn")) {
        return format!("{TABLE_PREFIX}{}", table.to_lowercase());
    }
    if let Some(queue) = arn.strip_prefix("!GetAtt ").and_then(|arn| arn.strip_suffix("Queue.Arn")) {
        return format!("{TABLE_PREFIX}{}", kebab(queue));
    }
    if let Some((_, path)) = arn.split_once("${WebSocketApi}/ws/") {
        return path.to_owned();
    }
    if let Some((_, name)) = arn.split_once(":sns:${AWS::Region}:${AWS::AccountId}:") {
        return name.replace("${AWS::StackName}", APPLICATION);
    }
    match arn {
        // Only the function that deploys names these.
        "!GetAtt PushSecret.Id" | "!GetAtt PushFeedbackRole.Arn" => arn.to_owned(),
        "!GetAtt SigningSecret.Id" => "the signing secret".to_owned(),
        _ => panic!("a resource of an unknown kind: {arn}"),
    }
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
