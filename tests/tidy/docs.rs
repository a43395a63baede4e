//! The docs point to what is there.

use std::path::Path;

#[test]
fn every_relative_link_leads_somewhere() {
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
fn every_variable_is_in_the_operations_table() {
    let operations = crate::read("docs/OPERATIONS.md");
    let mut sources = crate::sources(&["config.rs"]);
    sources.push(crate::root().join("shared/lambda/src/env.rs"));
    for path in sources {
        let text = crate::read(&path);
        for name in text
            .split("env.get(\"")
            .chain(text.split("self.get(\""))
            .filter_map(|rest| rest.split('"').next())
        {
            if name.starts_with("CONFAB_") && !name.contains("TEST") {
                assert!(operations.contains(name), "docs/OPERATIONS.md does not have {name}");
            }
        }
    }
}

#[test]
fn figures_come_with_the_machine_that_they_were_measured_on() {
    for path in crate::sources(&[".md"]) {
        let text = crate::read(&path);
        let has_figures = text.contains("<!-- bench:latency -->");
        assert!(!has_figures || text.contains("<!-- bench:machine -->"), "{}", path.display());
    }
}
