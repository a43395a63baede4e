//! The repository's folders and files.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The repository's top folder.
pub(crate) struct Root(PathBuf);

impl Root {
    pub(crate) fn of_repository() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self(xtask.parent().unwrap_or(xtask).to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

/// The debug build of a program of the workspace, which Cargo puts beside this one.
///
/// # Errors
///
/// If it was not built.
pub(crate) fn built_program(name: &str) -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(program.exists(), "{} is missing: run the step `build` first", program.display());
    Ok(program)
}

/// Every file below a folder whose name `wanted` accepts, in a fixed order; none if there is no such folder.
pub(crate) fn find(folder: &Path, wanted: fn(&str) -> bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if name != "node_modules" && name != "target" {
                    folders.push(path);
                }
            } else if wanted(name) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
