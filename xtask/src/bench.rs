//! Measures the local runner, and writes the figures into the docs.

use std::fs;
use std::process::ExitCode;

use anyhow::Context;

use crate::command::{command, read, run};
use crate::files::Root;

/// The document with figures between `<!-- bench:NAME -->` and `<!-- /bench -->`.
const DOC: &str = "README.md";

/// Builds in release, measures and prints; with `write`, replaces the figures.
pub(crate) fn bench(root: &Root, write: bool) -> ExitCode {
    match measure(root, write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(root: &Root, write: bool) -> anyhow::Result<()> {
    let mut build = command("cargo", root.path());
    run(build.args(["build", "--release", "--locked", "-p", "confab-local", "-p", "benches"]))?;
    let mut bench = command(root.join("target/release/confab-bench"), root.path());
    let figures = read(bench.arg("--confab").arg(root.join("target/release/confab")))?;
    let machine = machine(root)?;
    println!("{figures}machine\t{machine}");
    if write {
        let path = root.join(DOC);
        let mut text = fs::read_to_string(&path).with_context(|| format!("cannot read {DOC}"))?;
        for (name, figure) in figures.lines().filter_map(|line| line.split_once('\t')) {
            text = replaced(&text, name, figure);
        }
        fs::write(&path, replaced(&text, "machine", &machine))?;
    }
    Ok(())
}

/// The machine and the commit of the figures.
fn machine(root: &Root) -> anyhow::Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("\t: unknown CPU");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let commit = read(command("git", root.path()).args(["rev-parse", "--short", "HEAD"]))?;
    let model = model.trim_start_matches(['\t', ' ', ':']);
    Ok(format!("{cores} cores ({model}), commit {}", commit.trim()))
}

fn replaced(text: &str, name: &str, figure: &str) -> String {
    let (begin, end) = (format!("<!-- bench:{name} -->"), "<!-- /bench -->");
    let mut parts = text.split(begin.as_str());
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str(&begin);
        match part.split_once(end) {
            Some((_, rest)) => result.extend([figure, end, rest]),
            None => result.push_str(part),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_figure_is_replaced_wherever_it_stands() {
        let text = "a <!-- bench:x -->1<!-- /bench --> b <!-- bench:y -->2<!-- /bench -->";
        assert_eq!(
            replaced(text, "x", "3"),
            "a <!-- bench:x -->3<!-- /bench --> b <!-- bench:y -->2<!-- /bench -->"
        );
        assert_eq!(replaced(text, "z", "3"), text);
    }
}
