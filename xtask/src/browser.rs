//! Tests of the web page in a real Chromium, against the local runner.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::command::{command, read, run};
use crate::files::{self, Root};
use crate::step::Outcome;
use crate::web;

pub(crate) fn tests(root: &Root) -> anyhow::Result<Outcome> {
    let untested = "the web page is not tested in a browser";
    if let Some(lack) = web::lacks_node(root) {
        return Ok(Outcome::Skipped(format!("{lack}: {untested}")));
    }
    let chromium = match chromium(root) {
        Ok(chromium) => chromium,
        Err(error) => return Ok(Outcome::Skipped(format!("no Chromium ({error:#}): {untested}"))),
    };
    let folder = root.join("tests/browser");
    web::install_packages(&folder)?;
    run(command("npm", &folder)
        .args(["test", "--silent"])
        .env("CHROMIUM", chromium)
        .env("CONFAB_BIN", files::built_program("confab")?))?;
    Ok(Outcome::Passed)
}

/// Finds a Chromium, or installs Debian's as root.
fn chromium(root: &Root) -> anyhow::Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Ok(chosen.into());
    }
    if let Some(installed) = installed_chromium() {
        return Ok(installed);
    }
    let is_root = read(command("id", root.path()).arg("-u")).is_ok_and(|id| id.trim() == "0");
    anyhow::ensure!(
        is_root && Path::new("/etc/debian_version").exists(),
        "set CHROMIUM to its path; it is installed by itself only on Debian as root"
    );
    println!("installing Debian's chromium");
    let apt = |arguments: &[&str]| {
        read(
            command("apt-get", root.path())
                .arg("-qq")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    apt(&["update"])?;
    apt(&["install", "-y", "chromium"])?;
    installed_chromium().context("Debian's package brought none")
}

fn installed_chromium() -> Option<PathBuf> {
    [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ]
    .into_iter()
    .map(PathBuf::from)
    .find(|path| path.exists())
}
