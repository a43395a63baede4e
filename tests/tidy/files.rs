//! Hygiene of the source files.

/// Marks of unfinished work, written so that this file does not contain them.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
];

#[test]
fn nothing_is_left_unfinished() {
    for path in crate::sources(&[".rs", ".js", ".mjs", ".yaml", ".toml", ".css", ".html"]) {
        let text = crate::read(&path);
        for mark in UNFINISHED {
            assert!(!text.contains(mark), "{} holds {mark}", path.display());
        }
    }
}

#[test]
fn no_test_is_switched_off() {
    for path in crate::sources(&[".rs"]) {
        let off =
            crate::read(&path).lines().any(|line| line.trim_start().starts_with(concat!("#[", "ignore")));
        assert!(!off, "{} has an ignored test", path.display());
    }
}

#[test]
fn every_crate_begins_with_a_description() {
    for path in crate::sources(&["lib.rs", "main.rs"]) {
        assert!(
            crate::read(&path).starts_with("//! "),
            "{} does not start with a description",
            path.display()
        );
    }
}

/// Largest number of lines of a file. A longer file is to be split.
const LINES_MAX: usize = 400;

#[test]
fn files_are_short() {
    for path in crate::sources(&[".rs", ".js", ".mjs", ".css"]) {
        let lines = crate::read(&path).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

/// A retry loop pauses between attempts because `Attempts` is the only way to the next one.
#[test]
fn every_retry_loop_pauses_between_attempts() {
    let folders = ["shared/app/src", "shared/store-dynamodb/src"].map(|folder| crate::root().join(folder));
    let sources = crate::sources(&[".rs"])
        .into_iter()
        .filter(|path| folders.iter().any(|in_it| path.starts_with(in_it)));
    let (mut loops, mut wrong) = (0, Vec::new());
    for path in sources {
        for line in crate::read(&path).lines() {
            loops += usize::from(line.contains("while attempts.next().await"));
            if line.contains("for ") && line.contains("ATTEMPTS_MAX") && !line.trim().starts_with("//") {
                wrong.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(loops > 15, "the loops have another form than this test expects: {loops}");
}
