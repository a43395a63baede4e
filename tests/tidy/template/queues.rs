//! The queues, and the event sources that feed functions from them.

use std::collections::BTreeSet;

use confab_local::queue_settings::{FAN_OUT, PRESENCE, PUSH, QueueSettings};
use serde_json::{Value, json};

use super::{assert_faulty, camel, planted, resources_of_type, without};

/// What differs between a queue of the template and the local runner's.
fn differences(template: &Value, settings: &QueueSettings) -> Vec<String> {
    let name = camel(settings.function);
    let of = |id: &str| &template["Resources"][id]["Properties"];
    let [queue, dead_letters, function] =
        ["Queue", "DeadLetterQueue", "Function"].map(|kind| of(&format!("{name}{kind}")));
    let redrive = &queue["RedrivePolicy"];
    let source = &function["Events"]["Queue"]["Properties"];
    let visible = settings.visibility_timeout_seconds;
    let compared = [
        ("VisibilityTimeout", &queue["VisibilityTimeout"], json!(visible)),
        ("MessageRetentionPeriod", &queue["MessageRetentionPeriod"], json!(settings.retention_seconds)),
        ("maxReceiveCount", &redrive["maxReceiveCount"], json!(settings.receives_max)),
        (
            "deadLetterTargetArn",
            &redrive["deadLetterTargetArn"],
            json!({"Fn::GetAtt": format!("{name}DeadLetterQueue.Arn")}),
        ),
        (
            "MessageRetentionPeriod of dead letters",
            &dead_letters["MessageRetentionPeriod"],
            json!(settings.dead_letter_retention_seconds),
        ),
        ("CodeUri", &function["CodeUri"], json!(format!("functions/{}", settings.function))),
        // Lambda asks for six times the timeout of the function.
        ("Timeout", &function["Timeout"], json!(visible / 6)),
        ("Type of the event source", &function["Events"]["Queue"]["Type"], json!("SQS")),
        ("Queue", &source["Queue"], json!({"Fn::GetAtt": format!("{name}Queue.Arn")})),
        ("BatchSize", &source["BatchSize"], json!(settings.batch_size)),
        ("FunctionResponseTypes", &source["FunctionResponseTypes"], json!(["ReportBatchItemFailures"])),
    ];
    let differing = compared.into_iter().filter(|(_, declared, local)| *declared != local);
    differing.map(|(what, declared, local)| format!("{name}: {what} is {declared}, not {local}")).collect()
}

fn faults(template: &Value) -> Vec<String> {
    let queues = [FAN_OUT, PRESENCE, PUSH];
    let known: BTreeSet<String> = queues
        .iter()
        .flat_map(|settings| ["Queue", "DeadLetterQueue"].map(|kind| camel(settings.function) + kind))
        .collect();
    let declared = resources_of_type(template, "AWS::SQS::Queue").into_keys().map(str::to_owned).collect();
    let others = known.symmetric_difference(&declared).map(|id| format!("{id} is not in both"));
    others.chain(queues.iter().flat_map(|settings| differences(template, settings))).collect()
}

#[test]
fn the_local_queues_are_those_of_the_template() {
    let number = |path: &str| planted(&format!("Resources/{path}"), json!(45));
    let target = "Resources/PresenceQueue/Properties/RedrivePolicy/deadLetterTargetArn";
    let source = "Resources/FanOutFunction/Properties/Events/Queue/Properties/Queue";
    assert_faulty(
        faults,
        [
            number("PushQueue/Properties/VisibilityTimeout"),
            number("FanOutQueue/Properties/MessageRetentionPeriod"),
            number("PresenceQueue/Properties/RedrivePolicy/maxReceiveCount"),
            number("PushDeadLetterQueue/Properties/MessageRetentionPeriod"),
            number("FanOutFunction/Properties/Events/Queue/Properties/BatchSize"),
            number("PresenceFunction/Properties/Timeout"),
            planted(target, json!({"Fn::GetAtt": "PushDeadLetterQueue.Arn"})),
            planted(source, json!({"Fn::GetAtt": "PushQueue.Arn"})),
            without("Resources/PushFunction/Properties/Events/Queue/Properties/FunctionResponseTypes"),
            without("Resources/FanOutQueue"),
            planted("Resources/PushSecret/Type", json!("AWS::SQS::Queue")),
        ],
    );
}
