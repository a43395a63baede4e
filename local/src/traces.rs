//! What a start leaves in a data directory, and takes back if it comes to nothing.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What others than the owner may do with a file or a directory.
const OTHERS: u32 = 0o077;

/// A directory that many people share, such as `/tmp`: everybody may write, and nobody may remove what is another's.
const STICKY: u32 = 0o1000;

/// Made for a start, and dropped: whatever is not [kept](Self::keep) is as it was before.
#[derive(Debug)]
pub(crate) struct Traces {
    directory: PathBuf,
    /// Directories that were not there, the innermost first.
    made: Vec<PathBuf>,
    /// As they were before they were made private.
    modes: Vec<(PathBuf, Permissions)>,
    /// What was there when this process alone had the directory.
    before: Option<BTreeSet<OsString>>,
    /// Whether a name is one of ours, by the name of the file beside which it lies.
    base_of: fn(&str) -> Option<&str>,
}

impl Traces {
    /// Makes the directory if it is not there, for its owner alone.
    pub(crate) fn in_directory(path: &Path, base_of: fn(&str) -> Option<&str>) -> io::Result<Self> {
        let made = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made = made.map(Path::to_owned).collect();
        let traces = Self { directory: path.to_owned(), made, modes: Vec::new(), before: None, base_of };
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(traces)
    }

    /// Takes a file or the directory from everybody but its owner.
    ///
    /// # Errors
    ///
    /// The system's reason, or that the directory is a place that many share; it is left as it is.
    pub(crate) fn make_private(&mut self, path: &Path) -> io::Result<()> {
        let before = fs::metadata(path)?.permissions();
        let mode = before.mode();
        if mode & OTHERS == 0 {
            return Ok(());
        }
        if mode & STICKY != 0 && path == self.directory {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "it is a place that many people share"));
        }
        fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))?;
        self.modes.push((path.to_owned(), before));
        Ok(())
    }

    /// From now on files are taken back too, those excepted that are here: the directory is this process's alone.
    pub(crate) fn begin(&mut self, lock: Option<&str>) -> io::Result<()> {
        let mut names = fs::read_dir(&self.directory)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<BTreeSet<_>>>()?;
        if let Some(fresh) = lock {
            names.remove(&OsString::from(fresh));
        }
        self.before = Some(names);
        Ok(())
    }

    /// The start has succeeded.
    pub(crate) fn keep(&mut self) {
        self.made.clear();
        self.modes.clear();
        self.before = None;
    }

    /// Removes what this process has made. What lies beside a file that was there, such as a journal, is a part of it.
    fn remove_files(&self, before: &BTreeSet<OsString>) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            let base = name.to_str().and_then(self.base_of);
            if base.is_some_and(|base| !before.contains(&OsString::from(base))) && !before.contains(&name) {
                fs::remove_file(self.directory.join(name))?;
            }
        }
        Ok(())
    }
}

impl Drop for Traces {
    /// Best effort: there is nobody left to tell of a failure, and the start has told why it failed.
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            drop(self.remove_files(before));
        }
        for (path, permissions) in self.modes.drain(..).rev() {
            drop(fs::set_permissions(path, permissions));
        }
        for folder in self.made.drain(..) {
            // One that is not empty is another's by now.
            drop(fs::remove_dir(folder));
        }
    }
}
