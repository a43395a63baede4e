//! Metrics in CloudWatch's embedded metric format: lines of JSON that CloudWatch Logs turns into metrics.
//!
//! Each recorded value is written once. If a metric has more values than a line may hold, they go on several lines.
//!
//! Source: "Specification: Embedded metric format" in the CloudWatch user guide.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use confab_domain::Timestamp;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};
use serde_json::{Value, json};

/// Most values of one metric in one line.
const VALUES_MAX: usize = 100;

/// Values that are recorded and not yet written. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    units: BTreeMap<String, Unit>,
    counters: BTreeMap<Key, Arc<AtomicU64>>,
    histograms: BTreeMap<Key, Arc<Values>>,
}

/// The values of one metric, in the order in which they were recorded.
#[derive(Default)]
struct Values(Mutex<Vec<f64>>);

impl HistogramFn for Values {
    /// Ignores NaN and the infinities, which JSON cannot express.
    fn record(&self, value: f64) {
        if value.is_finite() {
            locked(&self.0).push(value);
        }
    }
}

/// Dimensions of the metrics of a line: name and value of each.
type Dimensions = Vec<(String, String)>;

impl Recorder {
    /// Writes the values recorded since the last call; writes nothing if there are none.
    ///
    /// # Errors
    ///
    /// Those of `to`; the values are lost then.
    pub(crate) fn flush(&self, namespace: &str, now: Timestamp, mut to: impl Write) -> io::Result<()> {
        let state = locked(&self.state);
        for (dimensions, metrics) in state.take() {
            let lines = metrics.iter().map(|(_, chunks)| chunks.len()).max().unwrap_or(0);
            for line in 0..lines {
                let of_line = metrics.iter().filter_map(|(name, chunks)| Some((name, chunks.get(line)?)));
                let document = state.document(namespace, now, &dimensions, of_line);
                writeln!(to, "{document}")?;
            }
        }
        Ok(())
    }
}

impl State {
    /// Takes the recorded values, by their dimensions; those of each metric in chunks that fit a line.
    fn take(&self) -> BTreeMap<Dimensions, Vec<(String, Vec<Value>)>> {
        let mut taken: BTreeMap<Dimensions, Vec<(String, Vec<Value>)>> = BTreeMap::new();
        let mut put = |key: &Key, chunks: Vec<Value>| {
            if !chunks.is_empty() {
                taken.entry(dimensions(key)).or_default().push((key.name().to_owned(), chunks));
            }
        };
        for (key, counter) in &self.counters {
            let count = counter.swap(0, Ordering::Relaxed);
            put(key, if count > 0 { vec![count.into()] } else { Vec::new() });
        }
        for (key, values) in &self.histograms {
            let values = std::mem::take(&mut *locked(&values.0));
            put(key, values.chunks(VALUES_MAX).map(|chunk| json!(chunk)).collect());
        }
        taken
    }

    fn document<'a>(
        &self,
        namespace: &str,
        now: Timestamp,
        dimensions: &Dimensions,
        metrics: impl Iterator<Item = (&'a String, &'a Value)>,
    ) -> Value {
        let mut document = serde_json::Map::new();
        let mut declared = Vec::new();
        for (name, value) in metrics {
            let unit = self.units.get(name).copied().map_or("None", unit);
            declared.push(json!({ "Name": name, "Unit": unit }));
            document.insert(name.clone(), value.clone());
        }
        document.extend(dimensions.iter().map(|(name, value)| (name.clone(), value.clone().into())));
        let names: Vec<&String> = dimensions.iter().map(|(name, _)| name).collect();
        let directive = json!({ "Namespace": namespace, "Dimensions": [names], "Metrics": declared });
        document
            .insert("_aws".to_owned(), json!({ "Timestamp": now.as_ms(), "CloudWatchMetrics": [directive] }));
        document.into()
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(locked(&self.state).counters.entry(key.clone()).or_default().clone())
    }

    /// No gauge is used: `clippy.toml` refuses the macro.
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(locked(&self.state).histograms.entry(key.clone()).or_default().clone())
    }
}

impl Recorder {
    fn describe(&self, name: &KeyName, unit: Option<Unit>) {
        if let Some(unit) = unit {
            locked(&self.state).units.insert(name.as_str().to_owned(), unit);
        }
    }
}

/// Locks a mutex. A panic while the lock was held leaves nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dimensions(key: &Key) -> Dimensions {
    let mut dimensions: Dimensions =
        key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
    dimensions.sort();
    dimensions
}

/// Source: `MetricDatum` in the CloudWatch API reference, "Unit".
fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "Count",
        Unit::Percent => "Percent",
        Unit::Seconds => "Seconds",
        Unit::Milliseconds => "Milliseconds",
        Unit::Microseconds => "Microseconds",
        Unit::Bytes => "Bytes",
        Unit::Kibibytes => "Kilobytes",
        Unit::Mebibytes => "Megabytes",
        Unit::Gibibytes => "Gigabytes",
        Unit::Tebibytes => "Terabytes",
        Unit::BitsPerSecond => "Bits/Second",
        Unit::KilobitsPerSecond => "Kilobits/Second",
        Unit::MegabitsPerSecond => "Megabits/Second",
        Unit::GigabitsPerSecond => "Gigabits/Second",
        Unit::TerabitsPerSecond => "Terabits/Second",
        Unit::CountPerSecond => "Count/Second",
        Unit::Nanoseconds => "None",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

    fn flushed(recorder: &Recorder) -> Vec<Value> {
        let mut text = Vec::new();
        recorder.flush("Confab/test", NOW, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs `record` with a recorder of its own, and returns the recorder.
    fn recorded(record: impl FnOnce()) -> Recorder {
        let recorder = Recorder::default();
        metrics::with_local_recorder(&recorder, record);
        recorder
    }

    #[test]
    fn a_counter_is_written_once_with_its_dimensions_and_unit() {
        let recorder = recorded(|| {
            metrics::describe_counter!("Pushes", Unit::Count, "");
            metrics::counter!("Pushes", "Outcome" => "taken").increment(2);
            metrics::counter!("Pushes", "Outcome" => "taken").increment(1);
        });
        let directive = json!({
            "Namespace": "Confab/test",
            "Dimensions": [["Outcome"]],
            "Metrics": [{ "Name": "Pushes", "Unit": "Count" }],
        });
        let line = json!({
            "_aws": { "Timestamp": NOW.as_ms(), "CloudWatchMetrics": [directive] },
            "Outcome": "taken",
            "Pushes": 3,
        });
        assert_eq!(flushed(&recorder), [line]);
        assert_eq!(flushed(&recorder), Vec::<Value>::new());
    }

    #[test]
    fn metrics_without_dimensions_share_a_line() {
        let recorder = recorded(|| {
            metrics::counter!("Sends").increment(1);
            metrics::histogram!("PushLag").record(1.5);
        });
        let lines = flushed(&recorder);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["Sends"], 1);
        assert_eq!(lines[0]["PushLag"], json!([1.5]));
        assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
    }

    #[test]
    fn a_value_that_json_cannot_express_does_not_spoil_the_line() {
        let recorder = recorded(|| {
            let histogram = metrics::histogram!("PushLag");
            [f64::NAN, 1.0, f64::INFINITY].into_iter().for_each(|value| histogram.record(value));
        });
        assert_eq!(flushed(&recorder)[0]["PushLag"], json!([1.0]));
    }

    proptest! {
        /// Ten records of an invocation announce to 99 members each, which makes 990 values.
        #[test]
        fn every_recorded_value_is_written(
            lags in prop::collection::vec((0..u32::MAX).prop_map(|eighths| f64::from(eighths) / 8.0), 0..1_200),
            counts in prop::collection::vec((0..3_usize, 0..5_u64), 0..40),
        ) {
            let codes = ["conflict", "not_found", "too_large"];
            let recorder = recorded(|| {
                lags.iter().for_each(|lag| metrics::histogram!("PushLag").record(*lag));
                for (code, count) in &counts {
                    metrics::counter!("Refusals", "Code" => codes[*code]).increment(*count);
                }
            });
            let lines = flushed(&recorder);
            let mut written = Vec::new();
            for line in &lines {
                let values = line["PushLag"].as_array().map_or(&[][..], Vec::as_slice);
                prop_assert!(values.len() <= VALUES_MAX);
                written.extend(values.iter().map(|value| value.as_f64().unwrap()));
            }
            prop_assert_eq!(written, lags);
            for (index, code) in codes.iter().enumerate() {
                let of_code = |line: &&Value| line["Code"] == *code;
                let written: u64 = lines.iter().filter(of_code).map(|line| line["Refusals"].as_u64().unwrap()).sum();
                let counted: u64 = counts.iter().filter(|(code, _)| *code == index).map(|(_, count)| count).sum();
                prop_assert_eq!(written, counted);
            }
        }
    }
}
