//! The functions: their folders, environments and timeouts.

use std::collections::{BTreeMap, BTreeSet};

use confab_lambda::deadline::DEADLINE;
use confab_lambda::observability::{LOG_LEVEL, NAMESPACE};
use serde_json::{Value, json};

use super::{assert_faulty, camel, folder_of, function_folders, planted, resources_of_type, without};
use crate::rust;

/// The properties of each function, by the function's folder.
fn functions(template: &Value) -> BTreeMap<&str, &Value> {
    let ids = resources_of_type(template, "AWS::Serverless::Function").into_iter();
    ids.filter_map(|(id, resource)| Some((folder_of(template, id)?, &resource["Properties"]))).collect()
}

/// The variables of an environment, except those of the SDK.
fn variables(owner: &Value) -> BTreeMap<&str, &Value> {
    let variables = owner["Environment"]["Variables"].as_object().into_iter().flatten();
    let variables = variables.map(|(name, value)| (name.as_str(), value));
    variables.filter(|(name, _)| name.starts_with("CONFAB_")).collect()
}

/// The environments of all functions and what they have in common.
fn environments(template: &Value) -> Vec<BTreeMap<&str, &Value>> {
    let common = &template["Globals"]["Function"];
    functions(template).into_values().chain([common]).map(variables).collect()
}

pub(super) fn variables_of_all(template: &Value) -> BTreeSet<String> {
    environments(template).into_iter().flat_map(BTreeMap::into_keys).map(str::to_owned).collect()
}

#[test]
fn every_function_has_a_resource_and_every_resource_a_function() {
    let faults = |template: &Value| {
        let declared: BTreeSet<String> = functions(template).into_keys().map(str::to_owned).collect();
        declared.symmetric_difference(&function_folders()).cloned().collect()
    };
    assert_faulty(
        faults,
        [
            without("Resources/PushFunction"),
            planted("Resources/PushFunction/Properties/CodeUri", json!("functions/pull")),
        ],
    );
}

#[test]
fn every_function_is_given_the_variables_that_it_reads_and_no_others() {
    let read: BTreeMap<String, BTreeSet<String>> = function_folders()
        .into_iter()
        .map(|folder| (folder.clone(), rust::variables_read(&folder)))
        .collect();
    let faults = |template: &Value| {
        let mut faults = Vec::new();
        for (folder, properties) in functions(template) {
            let set: BTreeSet<String> = variables(properties).into_keys().map(str::to_owned).collect();
            let wrong = set.symmetric_difference(&read[folder]);
            faults.extend(wrong.map(|name| format!("{folder}: {name}")));
        }
        faults
    };
    let variable = "Resources/SyncFunction/Properties/Environment/Variables/CONFAB_RETENTION_DAYS";
    let common = "Resources/AuthorizerFunction/Properties/Environment/Variables";
    assert_faulty(faults, [without(variable), planted(common, json!({"CONFAB_USERS_TABLE": "users"}))]);
}

/// A table or queue in place of another would be found only by a stack that runs.
#[test]
fn every_variable_refers_to_what_it_is_named_after() {
    let faults = |template: &Value| {
        let mut faults = Vec::new();
        for (name, value) in environments(template).into_iter().flatten() {
            let named = camel(name.trim_start_matches("CONFAB_").trim_end_matches("_URL"));
            if value["Ref"].as_str().is_some_and(|referred| referred != named) {
                faults.push(format!("{name}: {value}"));
            }
        }
        faults
    };
    let variables = "Resources/SendFunction/Properties/Environment/Variables";
    let wrong = json!({"Ref": "PresenceQueue"});
    assert_faulty(
        faults,
        [
            planted(&format!("{variables}/CONFAB_PUSH_QUEUE_URL"), wrong),
            planted(&format!("{variables}/CONFAB_USERS_TABLE"), json!({"Ref": "DevicesTable"})),
            planted(&format!("{variables}/CONFAB_FRAME_BURST"), json!({"Ref": "MessageBurst"})),
        ],
    );
}

#[test]
fn the_variables_of_all_functions_are_read_by_the_setup_of_logging() {
    let faults = |template: &Value| {
        let set: BTreeSet<&str> = variables(&template["Globals"]["Function"]).into_keys().collect();
        let read = BTreeSet::from([LOG_LEVEL, NAMESPACE]);
        set.symmetric_difference(&read).map(|name| (*name).to_owned()).collect()
    };
    let variables = "Globals/Function/Environment/Variables";
    assert_faulty(
        faults,
        [
            without("Globals/Function/Environment/Variables/CONFAB_LOG_LEVEL"),
            planted(variables, json!({LOG_LEVEL: "INFO", NAMESPACE: "Confab", "CONFAB_LOG": "INFO"})),
        ],
    );
}

/// Functions that store nothing, and do nothing that takes long.
const STORE_NOTHING: [&str; 2] = ["authorizer", "default"];

/// Time that a function has to answer after its deadline. Unit: seconds.
const ANSWER_SECONDS: u64 = 3;

#[test]
fn every_function_that_stores_has_time_to_answer_after_its_deadline() {
    let faults = |template: &Value| {
        let mut faults = Vec::new();
        for (folder, properties) in functions(template) {
            let seconds = properties["Timeout"].as_u64().unwrap_or_default();
            let is_late = seconds < DEADLINE.as_secs() + ANSWER_SECONDS;
            if is_late && (seconds == 0 || !STORE_NOTHING.contains(&folder)) {
                faults.push(format!("{folder} is ended after {seconds} s"));
            }
        }
        faults
    };
    assert_faulty(
        faults,
        [
            planted("Resources/SendFunction/Properties/Timeout", json!(14)),
            without("Resources/ApiFunction/Properties/Timeout"),
        ],
    );
}
