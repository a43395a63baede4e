//! Alarms and logs of the template, and their descriptions in the manual.

use std::collections::BTreeMap;

/// The resources of the template whose type has this ending, with their text.
fn resources_of_type(kind: &str) -> BTreeMap<String, String> {
    let mut resources = crate::template::resources();
    resources.retain(|_, text| text.lines().any(|line| line.trim() == format!("Type: {kind}")));
    resources
}

/// The alarms by their id, each with its name after the stack's.
fn alarms() -> BTreeMap<String, String> {
    let name_of = |text: &str| {
        let (_, rest) = text.split_once("AlarmName: !Sub ${AWS::StackName}-").expect("a name");
        rest.lines().next().expect("a name").to_owned()
    };
    resources_of_type("AWS::CloudWatch::Alarm").into_iter().map(|(id, text)| (id, name_of(&text))).collect()
}

#[test]
fn every_alarm_is_on_the_dashboard_and_in_the_manual() {
    let template = crate::read("template.yaml");
    let manual = crate::read("docs/OPERATIONS.md");
    assert!(alarms().len() > 10);
    for (id, name) in alarms() {
        assert!(template.contains(&format!("\"${{{id}.Arn}}\"")), "{id} is not on the dashboard");
        assert!(manual.contains(&format!("\n| [`{name}`](#")), "{name} is not in the manual's table");
        let heading =
            |line: &str| line.starts_with("### ") && line.split([' ', ',']).any(|word| word == name);
        assert!(manual.lines().any(heading), "{name} has no section in the manual");
    }
}

/// A deployment is rolled back only for faults of the server: `IntegrationError` also counts refusals that clients
/// cause.
#[test]
fn no_client_can_roll_a_deployment_back() {
    let template = crate::read("template.yaml");
    let preference = template.split_once("    DeploymentPreference:").expect("a preference").1;
    let preference = preference.split_once("\n    Environment:").expect("its end").0;
    let gates: Vec<String> =
        alarms().into_keys().filter(|id| preference.contains(&format!("!Ref {id}"))).collect();
    assert_eq!(
        gates,
        ["FunctionErrorsAlarm", "HttpServerErrorsAlarm", "SendDurationAlarm", "WebSocketErrorsAlarm"]
    );
    let alarms = resources_of_type("AWS::CloudWatch::Alarm");
    assert!(alarms["WebSocketErrorsAlarm"].contains("MetricName: ExecutionError\n"));
}

/// The age of a message may count from when it was sent, including its delay.
#[test]
fn no_alarm_takes_the_delay_of_a_message_for_its_age() {
    const DELAY_SECONDS_MAX: u32 = 900;
    let alarms = resources_of_type("AWS::CloudWatch::Alarm");
    for id in ["PresenceAgeAlarm", "PushAgeAlarm"] {
        let threshold = alarms[id].lines().find_map(|line| line.strip_prefix("      Threshold: "));
        let seconds: u32 = threshold.expect("a threshold").parse().expect("seconds");
        assert!(seconds > DELAY_SECONDS_MAX, "{id}: {seconds}");
    }
}

/// The account's setting still names this role after the stack is deleted.
#[test]
fn the_role_by_which_an_account_logs_outlives_the_stack() {
    let roles = resources_of_type("AWS::IAM::Role");
    let role = &roles["ApiGatewayLogRole"];
    assert!(role.contains("\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n"), "{role}");
}

/// A trace would show only Lambda's own segments, which cost as much as useful ones.
#[test]
fn no_function_traces_by_itself() {
    let template = crate::read("template.yaml");
    let tracing = template.split_once("\n  Tracing:\n").expect("the parameter").1;
    let tracing = tracing.split_once("\n    AllowedValues:").expect("its choices").0;
    assert!(tracing.contains("\n    Default: PassThrough"), "{tracing}");
}

/// A service that writes late creates a deleted log group again, and a stack of the same name would conflict with it.
#[test]
fn no_log_group_keeps_its_name_when_the_stack_is_made_anew() {
    let groups = resources_of_type("AWS::Logs::LogGroup");
    assert_eq!(groups.len(), 3);
    for (id, text) in groups {
        assert!(!text.contains("LogGroupName:") || text.contains("!Ref AWS::StackId"), "{id}");
    }
}

/// The `Arn` of a log group ends in `:*`, which API Gateway refuses.
#[test]
fn access_logs_go_to_arns_without_a_wildcard() {
    let template = crate::read("template.yaml");
    let destinations: Vec<&str> = template.lines().filter(|line| line.contains("DestinationArn:")).collect();
    assert_eq!(destinations.len(), 2);
    assert!(destinations.iter().all(|line| line.contains(":log-group:${")), "{destinations:?}");
}

/// A protected table cannot be deleted, so a first deployment that fails could not be undone.
#[test]
fn the_first_deployment_of_prod_differs_in_its_protection_only() {
    let environments = crate::read("samconfig.toml");
    let parameters_of = |environment: &str| {
        let heading = format!("[{environment}.deploy.parameters]\n");
        let rest = environments.split_once(&heading).expect("an environment").1;
        let lines = rest.lines().take_while(|line| !line.starts_with('['));
        lines.filter(|line| !line.starts_with('#') && !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    let first = parameters_of("prod-first");
    assert!(first.contains("\"DeletionProtection=false\""));
    assert_eq!(first.replace("Protection=false", "Protection=true"), parameters_of("prod"));
}
