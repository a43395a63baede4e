//! Unit tests of the web page's modules, under Node.

use std::path::Path;

use crate::command::{command, read, run};
use crate::files::{self, Root};
use crate::step::Outcome;

/// First version whose test runner is not experimental.
const NODE_MAJOR_MIN: u32 = 20;

pub(crate) fn tests(root: &Root) -> anyhow::Result<Outcome> {
    if let Some(lack) = lacks_node(root) {
        return Ok(Outcome::Skipped(format!("{lack}: the web page's modules are not tested")));
    }
    // Named one by one: Node 20 takes a folder here, later versions take patterns.
    let tests =
        files::find(&root.join("web"), |name| name.ends_with(".test.js") || name.ends_with(".test.mjs"))?;
    anyhow::ensure!(!tests.is_empty(), "web/ holds no *.test.js");
    let tests = tests.iter().map(|test| test.strip_prefix(root.path()).unwrap_or(test));
    run(command("node", root.path()).args(["--test", "--test-reporter", "spec"]).args(tests))?;
    Ok(Outcome::Passed)
}

/// Fetches the packages that a folder's `package-lock.json` names.
///
/// # Errors
///
/// If npm cannot be started, or a package cannot be fetched.
pub(crate) fn install_packages(folder: &Path) -> anyhow::Result<()> {
    let quietly = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel", "error"];
    run(command("npm", folder).arg("ci").args(quietly))
}

/// The missing or outdated part of Node on this machine, if any.
pub(crate) fn lacks_node(root: &Root) -> Option<String> {
    let version = read(command("node", root.path()).arg("--version"));
    lack(version.as_deref().ok())
}

/// `version` is Node's own output, such as `v20.20.2`.
fn lack(version: Option<&str>) -> Option<String> {
    let Some(version) = version.map(str::trim) else { return Some("Node is not installed".to_owned()) };
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= NODE_MAJOR_MIN) {
        None
    } else {
        Some(format!("Node {version} is older than {NODE_MAJOR_MIN}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_old_node_is_named() {
        assert_eq!(lack(None).as_deref(), Some("Node is not installed"));
        assert_eq!(lack(Some("v18.19.0\n")).as_deref(), Some("Node v18.19.0 is older than 20"));
        assert_eq!(lack(Some("nonsense")).as_deref(), Some("Node nonsense is older than 20"));
        for version in ["v20.0.0\n", "v22.21.1\n", "v26.0.0"] {
            assert_eq!(lack(Some(version)), None, "{version}");
        }
    }
}
