//! Checks of the architecture: dependencies, and the agreement of the tree, the template and the docs.

mod dependencies;
mod docs;
mod features;
mod files;
mod rust;
mod template;
mod words;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository")
}

/// Every file of the repository outside of build folders, with one of these endings.
fn sources(endings: &[&str]) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 6] = ["target", "node_modules", ".git", ".tools", ".aws-sam", ".confab"];
    let (mut found, mut folders) = (Vec::new(), vec![root().to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder of the repository") {
            let path = entry.expect("an entry of a folder").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !NOT_OURS.contains(&name) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
