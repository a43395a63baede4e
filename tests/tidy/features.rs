//! Features of dependencies: a dependency that is used with different features is compiled again. SAM builds each
//! function by itself, all of them into one target folder; the runner and the tests share another.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Each foreign dependency with its version, and its enabled features. A dependency of macros may be built once more,
/// with the features that they ask for.
fn features(packages: &[&str], edges: &str) -> BTreeSet<(String, String)> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", edges])
        .args(packages)
        .args(["--target", "x86_64-unknown-linux-gnu", "--prefix", "none", "--format", "{p}|{f}"])
        .current_dir(crate::root())
        .output()
        .expect("cargo tree");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).expect("a tree in UTF-8");
    let lines = lines.lines().filter_map(|line| line.split_once('|'));
    let own = format!("({}", crate::root().display());
    lines
        .filter(|(package, _)| !package.contains(&own))
        .map(|(package, features)| (package.to_owned(), features.trim_end_matches(" (*)").to_owned()))
        .collect()
}

#[test]
fn all_functions_use_the_same_features_of_shared_dependencies() {
    let mut asked: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for function in crate::template::function_folders() {
        for (package, features) in features(&["--package", &function], "normal") {
            asked.entry(package).or_default().entry(features).or_default().insert(function.clone());
        }
    }
    asked.retain(|_, variants| variants.len() > 1);
    assert!(asked.is_empty(), "shared/lambda should ask for the most of these: {asked:#?}");
}

/// Otherwise `cargo run` and then `cargo xtask test` would compile the AWS SDK twice.
#[test]
fn the_runner_uses_the_features_that_the_tests_build() {
    let built = features(&["--workspace"], "normal,dev");
    let mut runner = features(&["--package", "confab-local"], "normal");
    // A leaf of which the tests' own tools use more features: not worth enabling.
    runner.retain(|(package, features)| {
        !built.contains(&(package.clone(), features.clone())) && !package.starts_with("regex-syntax ")
    });
    assert!(runner.is_empty(), "local/ should ask for what the workspace builds: {runner:#?}");
}
