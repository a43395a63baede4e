//! The parameters, their choices and the rules between them.

use confab_lambda::observability;
use serde_json::{Value, json};

use super::{assert_faulty, planted, texts, without};

/// The choices of a parameter that is a number.
fn choices(template: &Value, parameter: &str) -> Vec<u64> {
    let choices = template["Parameters"][parameter]["AllowedValues"].as_array();
    choices.into_iter().flatten().filter_map(Value::as_u64).collect()
}

/// An interval of heartbeats, and the timeouts that a rule allows with it.
fn allowed_timeouts(assertion: &Value) -> Option<(u64, Vec<u64>)> {
    let at = |path: &str| assertion.pointer(&format!("/Assert/Fn::Or/{path}"));
    let is_about = |path: &str, parameter: &str| at(path).is_some_and(|named| named == parameter);
    let [interval, timeouts] = ["0/Fn::Not/0/Fn::Equals", "1/Fn::Contains"];
    if !is_about(&format!("{interval}/0/Ref"), "HeartbeatSeconds")
        || !is_about(&format!("{timeouts}/1/Ref"), "PresenceTimeoutSeconds")
    {
        return None;
    }
    let number = |text: &Value| text.as_str()?.parse::<u64>().ok();
    let list = at(&format!("{timeouts}/0"))?.as_array()?;
    Some((number(at(&format!("{interval}/1"))?)?, list.iter().map(number).collect::<Option<_>>()?))
}

fn heartbeat_faults(template: &Value) -> Vec<String> {
    let timeouts = choices(template, "PresenceTimeoutSeconds");
    let mut unruled = choices(template, "HeartbeatSeconds");
    unruled.retain(|interval| timeouts.iter().any(|timeout| *timeout < 2 * interval));
    let mut faults = Vec::new();
    let rule = &template["Rules"]["HeartbeatsFitIntoTimeout"]["Assertions"];
    for assertion in rule.as_array().into_iter().flatten() {
        let Some((interval, allowed)) = allowed_timeouts(assertion) else {
            faults.push(format!("another form than this test expects: {assertion}"));
            continue;
        };
        let fitting = timeouts.iter().copied().filter(|timeout| *timeout >= 2 * interval);
        if allowed != fitting.collect::<Vec<_>>() {
            faults.push(format!("{interval} s: {allowed:?}"));
        }
        unruled.retain(|other| *other != interval);
    }
    faults.extend(unruled.iter().map(|interval| format!("no rule for {interval} s")));
    faults
}

/// Functions of rules compare no numbers, so the template lists the timeouts that fit to each interval.
#[test]
fn a_stack_is_refused_whose_heartbeats_do_not_fit_into_its_timeout() {
    let rules = "Rules/HeartbeatsFitIntoTimeout/Assertions";
    let assert = format!("{rules}/0/Assert/Fn::Or");
    assert_faulty(
        heartbeat_faults,
        [
            planted(rules, json!([])),
            planted("Parameters/PresenceTimeoutSeconds/AllowedValues", json!([3, 90, 900])),
            planted("Parameters/HeartbeatSeconds/AllowedValues", json!([1, 2, 400])),
            planted(&format!("{assert}/1/Fn::Contains/0/0"), json!("3")),
            planted(&format!("{assert}/0/Fn::Not/0/Fn::Equals/1"), json!("1")),
            planted(&format!("{assert}/1/Fn::Contains/1/Ref"), json!("HeartbeatSeconds")),
        ],
    );
}

#[test]
fn every_log_level_is_read() {
    let faults = |template: &Value| {
        let levels = texts(&template["Parameters"]["LogLevel"]["AllowedValues"]);
        let is_read = |level: &str| observability::level(level).to_string().eq_ignore_ascii_case(level);
        let unread = levels.iter().filter(|level| !is_read(level)).map(|level| (*level).to_owned());
        let none = levels.is_empty().then(|| "no choices".to_owned());
        unread.chain(none).collect()
    };
    let choices = "Parameters/LogLevel/AllowedValues";
    assert_faulty(
        faults,
        [planted(choices, json!(["INFO", "TRACE"])), planted(choices, json!(["FATAL"])), without(choices)],
    );
}

/// Lambda's own filter would drop metrics, which have no level.
#[test]
fn lambda_drops_no_line_of_a_function() {
    let faults = |template: &Value| {
        let level = &template["Globals"]["Function"]["LoggingConfig"]["ApplicationLogLevel"];
        if level == "TRACE" { Vec::new() } else { vec![level.to_string()] }
    };
    let level = "Globals/Function/LoggingConfig/ApplicationLogLevel";
    assert_faulty(faults, [planted(level, json!("INFO")), without(level)]);
}

/// A trace would show only Lambda's own segments, which cost as much as useful ones.
#[test]
fn no_function_traces_by_itself() {
    let faults = |template: &Value| {
        let usual = &template["Parameters"]["Tracing"]["Default"];
        if usual == "PassThrough" { Vec::new() } else { vec![usual.to_string()] }
    };
    assert_faulty(faults, [planted("Parameters/Tracing/Default", json!("Active"))]);
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
