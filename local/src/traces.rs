//! Changes of a start to a data directory, which are undone if the start fails.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Permissions of users other than the owner.
const OTHERS: u32 = 0o077;

/// Mode bit of a directory that many people share, such as `/tmp`: everybody may write, and only the owner of a file
/// may remove it.
const STICKY: u32 = 0o1000;

/// Changes of one start. A drop undoes them, unless they are [kept](Self::keep).
#[derive(Debug)]
pub(crate) struct Traces {
    directory: PathBuf,
    /// Directories that the start creates, the innermost first.
    made: Vec<PathBuf>,
    /// Paths that were made private, with their permissions before.
    modes: Vec<(PathBuf, Permissions)>,
    /// Names that were in the directory when this process alone had it.
    before: Option<BTreeSet<OsString>>,
    /// Returns the one of Confab's files that a name belongs to, if any.
    base_of: fn(&str) -> Option<&str>,
}

impl Traces {
    /// Creates the directory if it does not exist, for its owner alone.
    pub(crate) fn in_directory(path: &Path, base_of: fn(&str) -> Option<&str>) -> io::Result<Self> {
        let made = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made = made.map(Path::to_owned).collect();
        let traces = Self { directory: path.to_owned(), made, modes: Vec::new(), before: None, base_of };
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(traces)
    }

    /// Removes the access of other users to a file or the directory.
    ///
    /// # Errors
    ///
    /// The system's reason, or that many people share the directory; it is left as it is.
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

    /// From now on a drop also removes files, except those that are here now: this process alone has the directory.
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

    /// Keeps all changes: the start has succeeded.
    pub(crate) fn keep(&mut self) {
        self.made.clear();
        self.modes.clear();
        self.before = None;
    }

    /// Removes the files that this process created. A file beside an older one, such as a journal, is a part of it and
    /// stays.
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
    /// Best effort: no caller is left to get an error, and the start has reported why it failed.
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            drop(self.remove_files(before));
        }
        for (path, permissions) in self.modes.drain(..).rev() {
            drop(fs::set_permissions(path, permissions));
        }
        for folder in self.made.drain(..) {
            // A directory that is not empty belongs to another process now.
            drop(fs::remove_dir(folder));
        }
    }
}
