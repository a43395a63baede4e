//! Named checks, run in order with a summary at the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::files::Root;

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Root) -> anyhow::Result<Outcome>,
}

pub(crate) enum Outcome {
    Passed,
    /// Not run, since this machine lacks a tool: names it, and what is not tested.
    Skipped(String),
    /// A finding that depends on more than the commit, such as the date. It is a failure only if the step was asked for
    /// by name, so that an unchanged commit passes tomorrow too.
    Found(String),
}

/// Runs the steps in order up to the first that fails.
pub(crate) fn run_all(root: &Root, steps: &[&Step], are_named: bool) -> ExitCode {
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
            Ok(Outcome::Found(what)) if are_named => {
                failed += 1;
                ("FAILED", what)
            }
            Ok(Outcome::Found(what)) => {
                passed += 1;
                ("FOUND", what)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_fails_only_a_step_that_was_asked_for() {
        let root = Root::of_repository();
        let step = Step { name: "advisories", run: |_| Ok(Outcome::Found("RUSTSEC-2099-0001".to_owned())) };
        assert_eq!(run_all(&root, &[&step], false), ExitCode::SUCCESS);
        assert_eq!(run_all(&root, &[&step], true), ExitCode::FAILURE);
    }

    #[test]
    fn a_step_that_lacks_something_does_not_stop_those_after_it_and_a_failure_does() {
        let root = Root::of_repository();
        let lacking = Step { name: "web", run: |_| Ok(Outcome::Skipped("Node is not installed".to_owned())) };
        let failing = Step { name: "deny", run: |_| anyhow::bail!("a licence") };
        assert_eq!(run_all(&root, &[&lacking], false), ExitCode::SUCCESS);
        assert_eq!(run_all(&root, &[&lacking, &failing], false), ExitCode::FAILURE);
    }
}
