//! Python environments under `.tools/`, each made from a pinned requirements file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::command::{command, read};
use crate::files::Root;

/// The folder of an environment's programs. Creates the environment if its requirements have changed.
///
/// # Errors
///
/// If there is no Python, or a package cannot be fetched.
pub(crate) fn programs(root: &Root, name: &str, requirements: &str) -> anyhow::Result<PathBuf> {
    let folder = root.join(".tools").join(name);
    let programs = folder.join("bin");
    let wanted =
        fs::read_to_string(root.join(requirements)).with_context(|| format!("cannot read {requirements}"))?;
    // Written last, so that an interrupted installation does not count as complete.
    let stamp = folder.join("made-from.txt");
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == wanted) {
        return Ok(programs);
    }
    println!("making .tools/{name} from {requirements}");
    read(command("python3", root.path()).args(["-m", "venv", "--clear"]).arg(&folder))?;
    install(&programs, &root.join(requirements), root)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(programs)
}

fn install(programs: &Path, requirements: &Path, root: &Root) -> anyhow::Result<()> {
    read(
        command(programs.join("python"), root.path())
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
            ])
            .arg("--requirement")
            .arg(requirements),
    )?;
    Ok(())
}
