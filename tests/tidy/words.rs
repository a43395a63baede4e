//! The words that docs/GLOSSARY.md replaces.

/// Words that stand for something else in the field, or for nothing.
const REPLACED: [&str; 22] = [
    "Look",
    "Looked",
    "Duty",
    "Told",
    "Telling",
    "Reach",
    "Weather",
    "Fate",
    "Calm",
    "Lanes",
    "Wish",
    "Standing",
    "TaskError",
    "glance",
    "skim",
    "footing",
    "weather",
    "stormy",
    "whoever",
    "lanes",
    "parked",
    "gone_of",
];

#[test]
fn no_source_uses_a_word_that_the_glossary_replaces() {
    let mut found = Vec::new();
    for path in crate::sources(&[".rs"]) {
        if path.ends_with("tests/tidy/words.rs") {
            continue;
        }
        for (number, line) in crate::read(&path).lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(word) = words.find(|word| REPLACED.contains(word)) {
                found.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "docs/GLOSSARY.md has other words for these: {found:#?}");
}
