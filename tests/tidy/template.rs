//! The agreement of `template.yaml` with the code.

use std::collections::{BTreeMap, BTreeSet};

use confab_store_dynamodb::Tables;
use confab_store_dynamodb::schema::{EXPIRES_AT, SortKey};

/// The folders in `functions/`.
pub(crate) fn functions() -> BTreeSet<String> {
    let folders = crate::root().join("functions").read_dir().expect("functions/");
    folders.map(|entry| entry.expect("a function").file_name().to_string_lossy().into_owned()).collect()
}

/// The text of each resource, by its logical id.
pub(crate) fn resources() -> BTreeMap<String, String> {
    let template = crate::read("template.yaml");
    let section = template.split_once("\nResources:\n").expect("Resources").1;
    let section = section.split_once("\nOutputs:").map_or(section, |(resources, _)| resources);
    let mut resources: BTreeMap<String, String> = BTreeMap::new();
    let mut id = String::new();
    for line in section.lines() {
        let is_heading = line.starts_with("  ") && !line.starts_with("   ") && !line.trim().starts_with('#');
        if let Some(name) = line.trim().strip_suffix(':').filter(|_| is_heading) {
            name.clone_into(&mut id);
        }
        let text = resources.entry(id.clone()).or_default();
        text.push_str(line);
        text.push('\n');
    }
    resources
}

/// The resource of each function, by the function's folder.
fn function_resources() -> BTreeMap<String, String> {
    let code = |text: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix("CodeUri: functions/"));
        line.map(str::to_owned)
    };
    resources().into_values().filter_map(|text| Some((code(&text)?, text))).collect()
}

#[test]
fn every_function_has_a_resource_and_every_resource_a_function() {
    let declared: BTreeSet<String> = function_resources().into_keys().collect();
    assert_eq!(declared, functions());
}

#[test]
fn every_function_is_given_the_variables_that_it_reads_and_no_others() {
    for (function, resource) in function_resources() {
        let set: BTreeSet<String> =
            variables(&resource).into_iter().filter(|name| !name.ends_with('_')).collect();
        let config = crate::root().join("functions").join(&function).join("src/config.rs");
        let read = std::fs::read_to_string(config).map(|config| variables_read(&config)).unwrap_or_default();
        assert_eq!(set, read, "function `{function}`");
    }
}

#[test]
fn the_variables_of_all_functions_are_read_by_the_setup_of_logging() {
    let template = crate::read("template.yaml");
    let globals = template.split_once("\nGlobals:").expect("globals").1;
    let globals = globals.split_once("\nResources:").expect("resources").0;
    let read = crate::read("shared/lambda/src/observability.rs");
    assert_eq!(variables(globals), variables(&read));
    // Lambda's own filter would drop metrics, which have no level.
    assert!(globals.contains("\n      ApplicationLogLevel: TRACE\n"));

    let levels = template.split_once("\n  LogLevel:").expect("LogLevel").1;
    let levels =
        levels.split_once("AllowedValues: [").expect("its values").1.split(']').next().expect("a list");
    for level in levels.split(", ") {
        assert!(read.contains(&format!("LevelFilter::{level}")), "LogLevel={level} is not read");
    }
}

/// The variables that a `config.rs` reads, by itself and through `confab_lambda::env`.
fn variables_read(config: &str) -> BTreeSet<String> {
    let env = crate::read("shared/lambda/src/env.rs");
    let mut read: BTreeSet<String> = config
        .split("env.get(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    for helper in ["tables", "heartbeat_policy", "push_applications", "budget_rates", "retention"] {
        if config.contains(&format!("env.{helper}()")) {
            let body = env.split_once(&format!("pub fn {helper}(")).expect("a helper of env.rs").1;
            let body = body.split_once("\n    }\n").map_or(body, |(body, _)| body);
            read.extend(variables(body));
        }
    }
    read
}

/// Every name of the form `CONFAB_…` in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
    text.match_indices("CONFAB_")
        .map(|(start, _)| text[start..].chars().take_while(|c| is_part(*c)).collect())
        .collect()
}

/// Each function answers before Lambda ends it: functions that store something by their deadline of 12 s; the other two
/// do nothing that takes long.
#[test]
fn every_function_that_stores_has_time_to_answer_after_its_deadline() {
    let deadline = crate::read("shared/lambda/src/deadline.rs");
    assert!(deadline.contains("const DEADLINE: Duration = Duration::from_secs(12);"));
    let mut timeouts = BTreeMap::new();
    for (id, text) in resources() {
        let is_function = text.contains("Type: AWS::Serverless::Function");
        let timeout = text.lines().find_map(|line| line.strip_prefix("      Timeout: "));
        if let Some(timeout) = timeout.filter(|_| is_function) {
            timeouts.insert(id, timeout.parse::<u32>().expect("seconds"));
        }
    }
    assert_eq!(timeouts.len(), 12, "{timeouts:?}");
    for (id, seconds) in timeouts {
        let stores_nothing = ["AuthorizerFunction", "DefaultFunction"].contains(&id.as_str());
        assert!(stores_nothing || seconds >= 12 + 3, "{id} is ended after {seconds} s");
    }
    for handler in ["connect", "disconnect"] {
        let code = crate::read(format!("functions/{handler}/src/lib.rs"));
        assert!(code.contains("deadline::within("), "{handler} has no deadline");
    }
}

/// The choices of each parameter, from the rule of the template.
#[test]
fn a_stack_is_refused_whose_heartbeats_do_not_fit_into_its_timeout() {
    let template = crate::read("template.yaml");
    let rule = template.split_once("\n  HeartbeatsFitIntoTimeout:").expect("the rule").1;
    let rule = rule.split_once("\n\n").map_or(rule, |(rule, _)| rule);
    let quoted = |text: &str| -> Vec<u32> {
        text.split('"').skip(1).step_by(2).filter_map(|number| number.parse().ok()).collect()
    };
    let choices = |parameter: &str| -> Vec<u32> {
        let (_, rest) = template.split_once(&format!("\n  {parameter}:\n")).expect(parameter);
        let (_, rest) = rest.split_once("AllowedValues: [").expect("its choices");
        let list = rest.split(']').next().expect("a list");
        list.split(',').filter_map(|number| number.trim().trim_matches('"').parse().ok()).collect()
    };
    let timeouts = choices("PresenceTimeoutSeconds");
    let mut ruled = Vec::new();
    for line in rule.lines().filter(|line| line.contains("Fn::Contains")) {
        let [interval, fitting @ ..] = &quoted(line)[..] else { panic!("{line}") };
        let expected: Vec<u32> =
            timeouts.iter().copied().filter(|timeout| *timeout >= 2 * interval).collect();
        assert_eq!(fitting, expected, "{interval}");
        ruled.push(*interval);
    }
    let least = timeouts.iter().min().expect("a timeout");
    let to_rule: Vec<u32> =
        choices("HeartbeatSeconds").into_iter().filter(|interval| 2 * interval > *least).collect();
    assert_eq!(ruled, to_rule);
}

#[test]
fn the_local_queues_are_those_of_the_template() {
    let template = crate::read("template.yaml");
    let local = crate::read("local/src/queues.rs").replace('_', "");
    let numbers = |property: &str| -> Vec<String> {
        let lines = template.lines().filter_map(|line| line.trim().strip_prefix(property));
        lines.filter_map(|value| value.strip_prefix(": ")).map(str::to_owned).collect()
    };
    for property in ["VisibilityTimeout", "MessageRetentionPeriod", "maxReceiveCount", "BatchSize"] {
        let declared = numbers(property);
        assert!(!declared.is_empty(), "the template has no {property}");
        for number in declared {
            assert!(local.contains(&format!(" = {number};")), "{property}: the local runner has no {number}");
        }
    }
}

#[test]
fn the_tables_have_the_keys_that_the_stores_use() {
    let resources = resources();
    let tables = Tables::with_prefix("");
    for (name, definition) in tables.definitions() {
        let mut id = name.to_owned();
        id[..1].make_ascii_uppercase();
        let resource = resources.get(&format!("{id}Table")).unwrap_or_else(|| panic!("no table {name}"));
        let mut keys = vec![(definition.partition_key, "HASH", "S")];
        keys.extend(definition.sort_key.map(|(key, kind)| match kind {
            SortKey::Text => (key, "RANGE", "S"),
            SortKey::Number => (key, "RANGE", "N"),
        }));
        for (key, role, kind) in keys {
            for line in [
                format!("{{AttributeName: {key}, KeyType: {role}}}"),
                format!("{{AttributeName: {key}, AttributeType: {kind}}}"),
            ] {
                assert!(resource.contains(&line), "table {name}: {line}");
            }
        }
        let expires = format!("TimeToLiveSpecification: {{AttributeName: {EXPIRES_AT}, Enabled: true}}");
        assert_eq!(resource.contains(&expires), definition.expires, "table {name}: expiry");
    }
}

#[test]
fn the_local_runner_has_the_routes_of_the_template() {
    let template = crate::read("template.yaml");
    let local = crate::read("local/src/functions.rs");
    let routes = template.split_once("      Routes:\n").expect("routes").1;
    let declared = routes.lines().take_while(|line| line.starts_with("        ") || line.trim().is_empty());
    let is_key = |line: &&str| !line.starts_with("         ") && !line.trim().starts_with('#');
    let by_sam = declared.filter(is_key).filter_map(|line| line.trim().split(':').next());
    let besides = template.lines().filter_map(|line| line.trim().strip_prefix("RouteKey: "));
    // Routes of the HTTP API have a method and a path.
    let besides = besides.filter(|key| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let mut count = 0;
    for key in by_sam.chain(besides).filter(|key| !key.is_empty()) {
        count += 1;
        assert!(local.contains(&format!("Route::new(\"{key}\"")), "the local runner has no route {key}");
    }
    assert_eq!(count, local.matches("Route::new(\"").count(), "the local runner has a route of its own");
}
