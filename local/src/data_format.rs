//! Number of the format of a data directory.
//!
//! The file `format` holds it. A directory without that file is new, or of the first format, which had no such file. A
//! change of the stored data adds a number here, and a migration to it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};

/// The format that this version writes.
///
/// docs/DATA_MODEL.md says what each format changed.
pub(crate) const CURRENT: u32 = 3;

/// Format of directories that do not name theirs.
const FIRST: u32 = 1;

/// Name of the file that holds the number.
pub(crate) const FILE: &str = "format";

/// Returns the format that the directory names; `None` if it names none.
///
/// # Errors
///
/// For people: the file names no format that this version knows.
pub(crate) fn read(directory: &Path) -> anyhow::Result<Option<u32>> {
    let path = directory.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    match text.trim().parse() {
        Ok(format @ FIRST..=CURRENT) => Ok(Some(format)),
        Ok(format) if format > CURRENT => bail!(
            "{} was written by a newer Confab (data format {format}, this one knows up to {CURRENT}); \
             start that version, or choose another directory with --data",
            directory.display()
        ),
        Ok(_) | Err(_) => bail!(
            "{} does not hold the number of a data format; restore the directory from a backup, \
             or choose another one with --data",
            path.display()
        ),
    }
}

/// Format of a directory, by the format that it names and by whether it has been in use.
pub(crate) fn of(recorded: Option<u32>, is_used: bool) -> u32 {
    recorded.unwrap_or(if is_used { FIRST } else { CURRENT })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_directory_that_names_no_format_is_of_the_first() {
        assert_eq!(of(None, true), FIRST);
        assert_eq!(of(None, false), CURRENT);
        assert_eq!(of(Some(1), true), 1);
    }
}
