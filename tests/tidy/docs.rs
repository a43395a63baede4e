//! Links and names in the documents.

use std::path::Path;

#[test]
fn every_relative_link_has_a_target() {
    for path in crate::sources(&[".md"]) {
        let text = crate::read(&path);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let folder = path.parent().unwrap_or(Path::new(""));
            assert!(folder.join(file).exists(), "{} links to {target}", path.display());
        }
    }
}

#[test]
fn every_link_to_a_heading_has_a_target() {
    for path in crate::sources(&[".md"]) {
        let text = crate::read(&path);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, anchor)) = target.split_once('#') else { continue };
            if file.contains("://") || !(file.is_empty() || file.ends_with(".md")) {
                continue;
            }
            let folder = path.parent().unwrap_or(Path::new(""));
            let linked = if file.is_empty() { text.clone() } else { crate::read(folder.join(file)) };
            let mut headings = linked.lines().filter(|line| line.starts_with('#'));
            assert!(headings.any(|line| anchor_of(line) == anchor), "{} links to {target}", path.display());
        }
    }
}

/// The anchor that GitHub gives a heading.
fn anchor_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Paths into the source that the documents name in backticks.
#[test]
fn every_source_file_that_the_docs_name_exists() {
    const FOLDERS: [&str; 7] = ["shared/", "functions/", "local/", "tests/", "xtask/", "web/", "docs/"];
    for path in crate::sources(&[".md"]) {
        let text = crate::read(&path);
        for named in text.split('`').skip(1).step_by(2) {
            let is_path = FOLDERS.iter().any(|folder| named.starts_with(folder));
            let is_pattern = named.contains(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c)));
            if is_path && !is_pattern {
                assert!(crate::root().join(named).exists(), "{} names {named}", path.display());
            }
        }
    }
}

#[test]
fn every_variable_is_in_the_operations_table() {
    let missing = |operations: &str| -> Vec<String> {
        let is_missing = |name: &String| !operations.contains(&format!("`{name}`"));
        crate::template::variables().into_iter().filter(is_missing).collect()
    };
    let operations = crate::read("docs/OPERATIONS.md");
    assert_eq!(missing(&operations), Vec::<String>::new());
    assert_eq!(
        missing(&operations.replace("`CONFAB_FRAME_BURST`", "`CONFAB_BURST`")),
        ["CONFAB_FRAME_BURST"]
    );
}

#[test]
fn figures_come_with_the_machine_that_they_were_measured_on() {
    for path in crate::sources(&[".md"]) {
        let text = crate::read(&path);
        let has_figures = text.contains("<!-- bench:latency -->");
        assert!(!has_figures || text.contains("<!-- bench:machine -->"), "{}", path.display());
    }
}
