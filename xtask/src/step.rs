//! A named check, and running several of them with a summary at the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::files::Root;

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Root) -> anyhow::Result<Outcome>,
}

pub(crate) enum Outcome {
    Passed,
    /// Not run, for want of something that this machine lacks: says what, and what is left untested.
    Skipped(String),
}

/// Runs the steps in order up to the first that fails.
pub(crate) fn run_all(root: &Root, steps: &[&Step]) -> ExitCode {
    let mut rows = Vec::new();
    let [mut passed, mut failed, mut skipped] = [0, 0, 0];
    for step in steps {
        if failed > 0 {
            rows.push(format!("{:<12} not run", step.name));
            continue;
        }
        println!("\n=== {} ===", step.name);
        let started = Instant::now();
        let (result, note) = match (step.run)(root) {
            Ok(Outcome::Passed) => {
                passed += 1;
                ("passed", String::new())
            }
            Ok(Outcome::Skipped(reason)) => {
                skipped += 1;
                ("SKIPPED", reason)
            }
            Err(error) => {
                failed += 1;
                ("FAILED", format!("{error:#}"))
            }
        };
        println!("--- {} {result} in {}{}", step.name, seconds(started.elapsed()), prefixed(": ", &note));
        rows.push(format!(
            "{:<12} {result:<8} {:>9}{}",
            step.name,
            seconds(started.elapsed()),
            prefixed("  ", &note)
        ));
    }
    println!("\n=== summary ===\n{}\n\n{passed} passed, {failed} failed, {skipped} skipped", rows.join("\n"));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

fn prefixed(prefix: &str, note: &str) -> String {
    if note.is_empty() { String::new() } else { format!("{prefix}{note}") }
}
