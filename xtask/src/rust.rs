//! Checks of the Rust code.
//!
//! All of them use the whole workspace with its tests, so that Cargo settles on one set of features for each dependency
//! and builds it once. Without the tests, or for one package, tokio and its dependants would be built again.

use std::fs;
use std::num::NonZero;
use std::process::Command;
use std::thread::available_parallelism;

use crate::command::{command, read, run, unattended};
use crate::files::{self, Root};
use crate::step::Outcome;

pub(crate) fn fmt(root: &Root) -> anyhow::Result<Outcome> {
    run(command("cargo", root.path()).args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

pub(crate) fn clippy(root: &Root) -> anyhow::Result<Outcome> {
    run(cargo(root, "clippy").args(["--all-targets", "--", "-D", "warnings"]))?;
    Ok(Outcome::Passed)
}

/// The tests start the `confab` program, which a build of the tests alone does not create.
pub(crate) fn build(root: &Root) -> anyhow::Result<Outcome> {
    run(cargo(root, "build").args(["--bins", "--tests"]))?;
    Ok(Outcome::Passed)
}

/// Test slots per core, as in the profile `crowded` in `.config/nextest.toml`.
const SLOTS_PER_CORE: usize = 3;

/// The targets that nextest runs, without the examples in documentation.
const TESTS_WITHOUT_NEXTEST: [&str; 4] = ["--no-fail-fast", "--lib", "--bins", "--tests"];

pub(crate) fn tests(root: &Root) -> anyhow::Result<Outcome> {
    if read(command("cargo", root.path()).args(["nextest", "--version"])).is_err() {
        println!("cargo-nextest is not installed: cargo test runs the same tests, slower");
        run(cargo(root, "test").args(TESTS_WITHOUT_NEXTEST))?;
        return Ok(Outcome::Passed);
    }
    let mut nextest = command("cargo", root.path());
    nextest.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--profile", "crowded"]);
    let cores = available_parallelism().map_or(1, NonZero::get);
    nextest.arg("--test-threads").arg((cores * SLOTS_PER_CORE).to_string());
    if unattended() {
        nextest.args(["--cargo-quiet", "--show-progress", "none", "--status-level", "slow"]);
    }
    run(&mut nextest)?;
    Ok(Outcome::Passed)
}

/// Neither nextest nor the tests' build covers examples in documentation. Where there are none, `cargo test --doc`
/// would still start rustdoc for each crate.
pub(crate) fn doctests(root: &Root) -> anyhow::Result<Outcome> {
    for folder in ["benches", "functions", "local", "shared", "tests", "xtask"] {
        for file in files::find(&root.join(folder), |name| name.ends_with(".rs"))? {
            if has_doctest(&fs::read_to_string(&file)?) {
                println!("{} holds one", file.display());
                run(cargo(root, "test").arg("--doc"))?;
                return Ok(Outcome::Passed);
            }
        }
    }
    println!("no doc comment holds a Rust example");
    Ok(Outcome::Passed)
}

fn cargo(root: &Root, subcommand: &str) -> Command {
    let mut cargo = command("cargo", root.path());
    cargo.args([subcommand, "--workspace", "--locked"]);
    if unattended() {
        cargo.arg("--quiet");
    }
    cargo
}

fn has_doctest(source: &str) -> bool {
    let mut in_block = false;
    for line in source.lines() {
        let line = line.trim_start();
        let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            in_block = false;
            continue;
        };
        let Some(language) = text.trim_start().strip_prefix("```") else { continue };
        if !in_block && is_rust(language) {
            return true;
        }
        in_block = !in_block;
    }
    false
}

/// Whether rustdoc runs a code block with this first line; a block marked `ignore` is not run.
fn is_rust(language: &str) -> bool {
    language.split([',', ' ']).map(str::trim).all(|word| {
        matches!(word, "" | "rust" | "no_run" | "should_panic" | "compile_fail")
            || word.starts_with("edition")
    })
}

#[cfg(test)]
mod tests {
    use super::{TESTS_WITHOUT_NEXTEST, cargo, has_doctest};
    use crate::command::{command, read};
    use crate::files::Root;

    /// Asks Cargo for its help, for which it parses all arguments first.
    #[test]
    fn cargo_knows_the_arguments_that_are_used_without_nextest() {
        let root = Root::of_repository();
        let mut correct = cargo(&root, "test");
        read(correct.args(TESTS_WITHOUT_NEXTEST).arg("--help")).unwrap();
        let mut wrong = command("cargo", root.path());
        assert!(read(wrong.args(["test", "--no-such-flag", "--help"])).is_err());
    }

    #[test]
    fn an_example_is_a_doctest() {
        assert!(has_doctest("/// ```\n/// assert!(true);\n/// ```\nfn f() {}"));
        assert!(has_doctest("//! ```no_run\n//! loop {}\n//! ```"));
        assert!(has_doctest("/// ```json\n/// {}\n/// ```\n/// ```rust\n/// f();\n/// ```"));
    }

    #[test]
    fn a_drawing_a_shape_and_a_comment_are_not() {
        assert!(!has_doctest("/// ```text\n/// a -> b\n/// ```\nfn f() {}"));
        assert!(!has_doctest("/// ```json\n/// {}\n/// ```\nfn f() {}"));
        assert!(!has_doctest("// ```\n// f();\n// ```"));
    }
}
