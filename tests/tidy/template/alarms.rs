//! The alarms: on the dashboard, in the manual, and as gates of a deployment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{assert_faulty, planted, resources_of_type, values_of, without};

/// The alarms by their id, each with its name after the stack's.
fn alarms(template: &Value) -> BTreeMap<&str, &str> {
    let alarms = resources_of_type(template, "AWS::CloudWatch::Alarm").into_iter();
    alarms
        .map(|(id, alarm)| {
            let name = alarm["Properties"]["AlarmName"]["Fn::Sub"].as_str();
            (id, name.and_then(|name| name.strip_prefix("${AWS::StackName}-")).unwrap_or("no name"))
        })
        .collect()
}

/// The ids of the alarms on the dashboard.
fn on_dashboard(template: &Value) -> BTreeSet<String> {
    let body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].as_str();
    let body: Value = serde_json::from_str(body.expect("a dashboard")).expect("JSON");
    let lists = values_of(&body, "alarms").into_iter().filter_map(Value::as_array);
    let arns = lists.flatten().filter_map(Value::as_str);
    arns.filter_map(|arn| arn.strip_prefix("${")?.strip_suffix(".Arn}")).map(str::to_owned).collect()
}

/// Whether the manual has an alarm in its table and a section about it.
fn is_in_manual(manual: &str, name: &str) -> bool {
    let is_heading = |line: &str| line.starts_with("### ") && line.split([' ', ',']).any(|word| word == name);
    manual.contains(&format!("\n| [`{name}`](#")) && manual.lines().any(is_heading)
}

#[test]
fn every_alarm_is_on_the_dashboard_and_in_the_manual() {
    let manual = crate::read("docs/OPERATIONS.md");
    let faults = |template: &Value| {
        let shown = on_dashboard(template);
        let alarms = alarms(template);
        let ids = alarms.keys().map(|id| (*id).to_owned()).collect();
        let mut faults: Vec<String> = shown.symmetric_difference(&ids).cloned().collect();
        let missing = alarms.values().filter(|name| !is_in_manual(&manual, name));
        faults.extend(missing.map(|name| (*name).to_owned()));
        faults
    };
    let body = "Resources/Dashboard/Properties/DashboardBody/Fn::Sub";
    assert_faulty(
        faults,
        [
            planted("Resources/PushAgeAlarm/Properties/AlarmName/Fn::Sub", json!("${AWS::StackName}-push")),
            planted(body, json!(r#"{"alarms": ["${PushAgeAlarm.Arn}"]}"#)),
            without("Resources/PushAgeAlarm"),
        ],
    );
    let section = "\n| [`push-age`](#push-age) | late |\n\n### push-age\n";
    assert!(is_in_manual(section, "push-age"));
    assert!(!is_in_manual(section, "age"));
    assert!(!is_in_manual(&section.replace("###", "####"), "push-age"));
}

/// A deployment is rolled back only for faults of the server: `IntegrationError` also counts refusals that clients
/// cause.
#[test]
fn no_client_can_roll_a_deployment_back() {
    const GATES: [&str; 4] =
        ["FunctionErrorsAlarm", "HttpServerErrorsAlarm", "SendDurationAlarm", "WebSocketErrorsAlarm"];
    let faults = |template: &Value| {
        let preference = &template["Globals"]["Function"]["DeploymentPreference"]["Alarms"];
        let gates = values_of(preference, "Ref").into_iter().filter_map(Value::as_str);
        let gates: BTreeSet<&str> = gates.collect();
        let wrong =
            gates.symmetric_difference(&BTreeSet::from(GATES)).map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let metric = &template["Resources"]["WebSocketErrorsAlarm"]["Properties"]["MetricName"];
        let counts_refusals = (metric != "ExecutionError").then(|| metric.to_string());
        wrong.into_iter().chain(counts_refusals).collect()
    };
    let gate = "Globals/Function/DeploymentPreference/Alarms/Fn::If/1/0/Ref";
    assert_faulty(
        faults,
        [
            planted(gate, json!("WebSocketRefusalsAlarm")),
            planted("Resources/WebSocketErrorsAlarm/Properties/MetricName", json!("IntegrationError")),
        ],
    );
}

/// The age of a message may count from when it was sent, including its delay.
#[test]
fn no_alarm_takes_the_delay_of_a_message_for_its_age() {
    const DELAY_SECONDS_MAX: u64 = 900;
    let faults = |template: &Value| {
        let threshold = |id: &str| template["Resources"][id]["Properties"]["Threshold"].as_u64();
        let low = |id: &&str| threshold(id).is_none_or(|seconds| seconds <= DELAY_SECONDS_MAX);
        ["PresenceAgeAlarm", "PushAgeAlarm"].into_iter().filter(low).map(str::to_owned).collect()
    };
    assert_faulty(
        faults,
        [
            planted("Resources/PushAgeAlarm/Properties/Threshold", json!(900)),
            without("Resources/PresenceAgeAlarm/Properties/Threshold"),
        ],
    );
}
