//! Hygiene of the files themselves.

/// Marks of work that is not done; written so that this file does not hold them.
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
        assert!(!off, "{} has a test that does not run", path.display());
    }
}

#[test]
fn every_crate_says_what_it_is() {
    for path in crate::sources(&["lib.rs", "main.rs"]) {
        assert!(crate::read(&path).starts_with("//! "), "{} does not", path.display());
    }
}

/// A file of this length is to be split by concept; tests of a whole subject may be longer.
const LINES_MAX: usize = 400;

#[test]
fn files_are_short() {
    for path in crate::sources(&[".rs", ".js", ".mjs", ".css"]) {
        let lines = crate::read(&path).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

/// A loop that tries again pauses by construction: `Attempts` is the only way to its next turn.
#[test]
fn whoever_tries_again_what_others_are_in_the_way_of_pauses() {
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
    assert!(loops > 15, "loops are written otherwise than this test looks for: {loops}");
}
