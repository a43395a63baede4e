//! Log groups, and the role by which API Gateway writes to them.

use serde_json::{Value, json};

use super::{assert_faulty, planted, resources_of_type, values_of, without};

/// The account's setting still names this role after the stack is deleted.
#[test]
fn the_role_by_which_an_account_logs_outlives_the_stack() {
    let faults = |template: &Value| {
        let role = &template["Resources"]["ApiGatewayLogRole"];
        let policies = ["DeletionPolicy", "UpdateReplacePolicy"];
        policies.into_iter().filter(|policy| role[policy] != "Retain").map(str::to_owned).collect()
    };
    let policy = |name: &str| format!("Resources/ApiGatewayLogRole/{name}");
    assert_faulty(
        faults,
        [planted(&policy("DeletionPolicy"), json!("Delete")), without(&policy("UpdateReplacePolicy"))],
    );
}

/// A service that writes late creates a deleted log group again, and a stack of the same name would conflict with it.
#[test]
fn no_log_group_keeps_its_name_when_the_stack_is_made_anew() {
    let faults = |template: &Value| {
        let groups = resources_of_type(template, "AWS::Logs::LogGroup").into_iter();
        let keeps_name = |group: &Value| {
            let name = &group["Properties"]["LogGroupName"];
            !name.is_null() && !values_of(name, "Ref").iter().any(|referred| *referred == "AWS::StackId")
        };
        groups.filter(|(_, group)| keeps_name(group)).map(|(id, _)| id.to_owned()).collect()
    };
    let name = "Resources/FunctionsLogGroup/Properties/LogGroupName";
    assert_faulty(faults, [planted(name, json!({"Fn::Sub": "/aws/lambda/${AWS::StackName}"}))]);
}

/// The `Arn` of a log group ends in `:*`, which API Gateway refuses.
#[test]
fn access_logs_go_to_arns_without_a_wildcard() {
    let faults = |template: &Value| {
        let destinations = values_of(&template["Resources"], "DestinationArn");
        let is_right = |arn: &Value| {
            arn["Fn::Sub"].as_str().is_some_and(|arn| arn.contains(":log-group:${") && arn.ends_with('}'))
        };
        let wrong = destinations.iter().filter(|arn| !is_right(arn)).map(|arn| arn.to_string());
        let missing = (destinations.len() != 2).then(|| format!("{} access logs", destinations.len()));
        wrong.chain(missing).collect()
    };
    let destination = "Resources/HttpStage/Properties/AccessLogSettings/DestinationArn";
    assert_faulty(
        faults,
        [planted(destination, json!({"Fn::GetAtt": "HttpLogGroup.Arn"})), without(destination)],
    );
}
