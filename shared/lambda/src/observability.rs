//! Logs and metrics of a function on Lambda.
//!
//! The code counts metrics through the `metrics` facade. They are written once per invocation to stdout, in
//! CloudWatch's embedded metric format, without a call to CloudWatch; if nothing was counted, nothing is written. In
//! the local runner no recorder collects them.

use std::io::Write;
use std::sync::OnceLock;

use confab_app::{chain, metric};
use metrics::Unit;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::{clock, emf};

/// Variable with the namespace of the metrics. If it is missing or empty, no metrics are collected.
pub const NAMESPACE: &str = "CONFAB_METRICS_NAMESPACE";

/// Variable with the least severe level that is logged.
///
/// Not Lambda's own `AWS_LAMBDA_LOG_LEVEL`: Lambda itself drops lines below that level, and counts a line of metrics,
/// which has no level, as INFO.
///
/// Source: "Log-level filtering" in the Lambda developer guide.
pub const LOG_LEVEL: &str = "CONFAB_LOG_LEVEL";

static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    namespace: String,
    recorder: emf::Recorder,
}

/// Begins to log and to collect metrics. Called once, at a cold start.
pub fn init() {
    #[expect(clippy::disallowed_methods, reason = "configuration of every function")]
    let variable = |name| std::env::var(name).unwrap_or_default();
    let logs = subscriber(level(&variable(LOG_LEVEL)), std::io::stdout);
    if tracing::subscriber::set_global_default(logs).is_err() {
        tracing::warn!(event = "log_setup_failed", "logs go to the subscriber that was set before");
    }
    let namespace = variable(NAMESPACE);
    if !namespace.is_empty() {
        collect(namespace);
    }
}

/// Level that the variable names; INFO if it names none. TRACE is not accepted: the SDK logs bodies at it.
pub fn level(variable: &str) -> LevelFilter {
    match variable {
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "DEBUG" => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    }
}

/// Logs one JSON object a line, with `level` and `timestamp` as Lambda reads them: a line without either counts as
/// INFO.
fn subscriber(
    level: LevelFilter,
    writer: impl for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
) -> impl tracing::Subscriber + Send + Sync {
    tracing_subscriber::fmt().json().with_target(false).with_max_level(level).with_writer(writer).finish()
}

fn collect(namespace: String) {
    let recorder = emf::Recorder::default();
    if metrics::set_global_recorder(recorder.clone()).is_err() {
        tracing::warn!(event = "metrics_setup_failed", "metrics go to the recorder that was set before");
        return;
    }
    describe();
    let _ = METRICS.set(Metrics { namespace, recorder });
}

fn describe() {
    metric::ALL.iter().for_each(|name| metrics::describe_counter!(*name, Unit::Count, ""));
    metrics::describe_histogram!(metric::FAN_OUT_LAG, Unit::Milliseconds, "");
    metrics::describe_histogram!(metric::PUSH_LAG, Unit::Milliseconds, "");
}

/// Writes the metrics that were counted since the last call.
pub(crate) fn flush(to: impl Write) {
    let Some(metrics) = METRICS.get() else { return };
    if let Err(error) = metrics.recorder.flush(&metrics.namespace, clock::now(), to) {
        tracing::warn!(event = "metrics_flush_failed", error = chain(&error), "metrics are lost");
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;
    use serde_json::Value;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn read(&self) -> Vec<Value> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    fn logged(level: LevelFilter, log: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(level, move || writer.clone()), log);
        lines.read()
    }

    #[test]
    fn metrics_are_written_once_in_the_embedded_metric_format() {
        let flushed = || {
            let mut text = Vec::new();
            flush(&mut text);
            String::from_utf8(text).unwrap()
        };
        collect("Confab/test".to_owned());
        metrics::counter!(metric::SENDS).increment(2);
        let line: Value = serde_json::from_str(&flushed()).unwrap();
        assert_eq!(line["Sends"], 2);
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(declared["Namespace"], "Confab/test");
        assert_eq!(declared["Metrics"][0], serde_json::json!({"Name": "Sends", "Unit": "Count"}));
        assert_eq!(flushed(), "");
    }

    #[test]
    fn lambda_reads_the_level_and_the_time_of_every_line() {
        let lines = logged(LevelFilter::WARN, || tracing::error!(outcome = "internal", "failed"));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "ERROR");
        assert_eq!(lines[0]["fields"]["outcome"], "internal");
        // RFC 3339 in UTC, as "2026-11-30T11:53:22.123456Z".
        let time = lines[0]["timestamp"].as_str().unwrap();
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "{time}");
    }

    #[test]
    fn a_level_drops_only_less_severe_events() {
        let all = || {
            tracing::error!("e");
            tracing::warn!("w");
            tracing::info!("i");
            tracing::debug!("d");
        };
        for (variable, expected) in
            [("ERROR", 1), ("WARN", 2), ("INFO", 3), ("DEBUG", 4), ("TRACE", 3), ("", 3)]
        {
            assert_eq!(logged(level(variable), all).len(), expected, "{variable}");
        }
    }
}
