//! Logs and metrics of a function on Lambda.
//!
//! Metrics are counted through the `metrics` facade where they happen, and written once per invocation to stdout, in
//! CloudWatch's embedded metric format: no call to CloudWatch, and nothing written where nothing was counted. In the
//! local runner nobody collects them.

use std::io::Write;
use std::sync::OnceLock;

use confab_app::metric;
use lambda_runtime::tracing;
use metrics::Unit;
use metrics_cloudwatch_embedded::{Builder, Collector};

/// Where the metrics go; without it, or with an empty one, nowhere.
const NAMESPACE: &str = "CONFAB_METRICS_NAMESPACE";

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

/// Begins to log and to collect metrics; once, at a cold start.
pub fn init() {
    tracing::init_default_subscriber();
    #[expect(clippy::disallowed_methods, reason = "configuration of every function")]
    let namespace = std::env::var(NAMESPACE).unwrap_or_default();
    if !namespace.is_empty() {
        collect(namespace);
    }
}

fn collect(namespace: String) {
    match Builder::new().cloudwatch_namespace(namespace).init() {
        Ok(collector) => {
            metric::ALL.iter().for_each(|name| metrics::describe_counter!(*name, Unit::Count, ""));
            metrics::describe_histogram!(metric::FAN_OUT_LAG, Unit::Milliseconds, "");
            metrics::describe_histogram!(metric::PUSH_LAG, Unit::Milliseconds, "");
            let _ = COLLECTOR.set(collector);
        }
        Err(error) => ::tracing::warn!(error = &*error as &dyn std::error::Error, "no metrics"),
    }
}

/// Writes what was counted since the last time.
pub(crate) fn flush(to: impl Write) {
    let Some(collector) = COLLECTOR.get() else { return };
    if let Err(error) = collector.flush(to) {
        ::tracing::warn!(error = &error as &dyn std::error::Error, "metrics are lost");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flushed() -> String {
        let mut text = Vec::new();
        flush(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn what_was_counted_is_written_once_in_the_embedded_metric_format() {
        collect("Confab/test".to_owned());
        metrics::counter!(metric::SENDS).increment(2);
        let line: serde_json::Value = serde_json::from_str(&flushed()).unwrap();
        assert_eq!(line["Sends"], 2);
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(declared["Namespace"], "Confab/test");
        assert_eq!(declared["Metrics"][0], serde_json::json!({"Name": "Sends", "Unit": "Count"}));
        assert_eq!(flushed(), "");
    }
}
