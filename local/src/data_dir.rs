//! The data directory, which holds all data that lasts.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use confab_embedded_aws::{DynamoDb, Sns, Sqs};

use crate::traces::Traces;
use crate::{data_format, disk};

const DATABASE: &str = "dynamodb.sqlite";
const QUEUES: &str = "sqs.sqlite";
const PUSHES: &str = "sns.sqlite";
const LOCK: &str = "lock";

/// File of the signing secret. The secret is drawn, and the format is recorded, after the databases are created: a
/// directory that holds either file has been in use.
const SIGNING_SECRET: &str = "signing-secret";

/// A data directory that belongs to this process alone until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    format: u32,
    is_used: bool,
    /// Says which database had no data when the directory seemed to be unused.
    lost: Option<String>,
    /// Dropped before the lock: until then no other process creates anything here.
    traces: Traces,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it does not exist, and locks it.
    ///
    /// # Errors
    ///
    /// For people: another process has it, it cannot be written, or it holds data that this version cannot read.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        check_can_be_directory(path)?;
        let mut traces = Traces::in_directory(path, own_file).with_context(|| {
            format!("cannot make the data directory {shown}; choose another place with --data")
        })?;
        check_is_ours(path)?;
        check_kinds(path)?;
        if let Err(failure) = disk::probe(path) {
            bail!("cannot write to the data directory {shown}: {}", disk::advice(&failure));
        }
        let (lock, is_fresh) = open_lock(&path.join(LOCK))
            .with_context(|| format!("cannot write the file lock in the data directory {shown}"))?;
        match lock.try_lock() {
            // A start that fails removes its lock file.
            Ok(()) if is_at(&lock, &path.join(LOCK)) => {}
            Ok(()) | Err(TryLockError::WouldBlock) => {
                bail!("another confab is using {shown}; stop it, or give this one --data or --memory")
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock the data directory {shown}"));
            }
        }
        traces.begin(is_fresh.then_some(LOCK)).with_context(|| format!("cannot list {shown}"))?;
        let recorded = data_format::read(path)?;
        let is_used = recorded.is_some() || path.join(SIGNING_SECRET).exists();
        let lost = lost_database(path)?;
        if let Some(lost) = lost.as_ref().filter(|_| is_used) {
            bail!("{}", incomplete(lost));
        }
        let format = data_format::of(recorded, is_used);
        make_private(&mut traces, path)?;
        make_databases(path)?;
        Ok(Self { path: path.to_owned(), format, is_used, lost, traces, _lock: lock })
    }

    /// Records that the directory has the format of this version, and keeps what this start created. A start that fails
    /// before this leaves the directory as it was.
    ///
    /// Data of earlier formats is read as it is, and rewritten where it changes.
    pub(crate) fn take_over(&mut self) -> anyhow::Result<()> {
        self.set_format()?;
        self.traces.keep();
        Ok(())
    }

    fn set_format(&self) -> anyhow::Result<()> {
        self.replace(data_format::FILE, &format!("{}\n", data_format::CURRENT))
            .context("cannot record the data format")
    }

    /// Opens the database. It has tables if the directory has been in use, also where the format and the secret are lost.
    pub(crate) fn database(&mut self) -> anyhow::Result<DynamoDb> {
        let path = self.path.join(DATABASE);
        let database = DynamoDb::open(&path).with_context(|| unusable(&path))?;
        self.is_used |= database.has_tables().with_context(|| unusable(&path))?;
        match &self.lost {
            Some(lost) if self.is_used => bail!("{}", incomplete(lost)),
            Some(_) | None => Ok(database),
        }
    }

    pub(crate) fn queues(&self, epoch_ms: u64) -> anyhow::Result<Sqs> {
        let path = self.path.join(QUEUES);
        Sqs::open(&path, epoch_ms).with_context(|| unusable(&path))
    }

    pub(crate) fn pushes(&self, epoch_ms: u64) -> anyhow::Result<Sns> {
        let path = self.path.join(PUSHES);
        Sns::open(&path, epoch_ms).with_context(|| unusable(&path))
    }

    /// Returns the secret that signs tokens. It is drawn at the first start and kept, so that logins survive a restart.
    pub(crate) fn signing_secret(&self) -> anyhow::Result<String> {
        let path = self.path.join(SIGNING_SECRET);
        match fs::read(&path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(secret) if is_secret(&secret) => Ok(secret),
                Ok(_) | Err(_) => bail!(
                    "{} does not hold the secret that Confab wrote there; restore that file from a backup, or remove \
                     it to have another one drawn: then everybody has to log in again",
                    path.display()
                ),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A directory with a secret and without a format counts as the first format, so the format is recorded
                // first.
                if self.format == data_format::CURRENT {
                    self.set_format()?;
                }
                let secret = fresh_secret()?;
                self.replace(SIGNING_SECRET, &secret).context("cannot keep the signing secret")?;
                if self.is_used {
                    tracing::warn!(
                        "{} was missing and another secret was drawn: everybody has to log in again",
                        path.display()
                    );
                }
                Ok(secret)
            }
            Err(error) => Err(error).with_context(|| unusable(&path)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a small file atomically: after a crash it is whole, or as it was before.
    fn replace(&self, name: &str, text: &str) -> std::io::Result<()> {
        let draft = self.path.join(format!("{name}.draft"));
        let mut file = private().create(true).truncate(true).write(true).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.path.join(name))
    }
}

/// Returns the one of Confab's own files that has this name, or that the file of this name belongs to.
fn own_file(name: &str) -> Option<&str> {
    let own = [DATABASE, QUEUES, PUSHES, SIGNING_SECRET, data_format::FILE, LOCK, disk::PROBE];
    if own.contains(&name) {
        return Some(name);
    }
    let base = ["-wal", "-shm", "-journal", ".draft"].iter().find_map(|end| name.strip_suffix(end));
    base.filter(|base| own.contains(base))
}

/// Refuses a path to anything but a directory.
fn check_can_be_directory(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(there) if !there.is_dir() => {
            bail!("{shown} is a file and not a directory; move it away, or choose another place with --data")
        }
        Err(_) if path.is_symlink() => bail!(
            "{shown} is a symbolic link to what is not there; make the directory that it names, remove the link, or \
             choose another place with --data"
        ),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Opens the lock file. Also returns whether this call has created it.
fn open_lock(path: &Path) -> std::io::Result<(File, bool)> {
    match private().create_new(true).write(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok((private().create(true).write(true).open(path)?, false))
        }
        Err(error) => Err(error),
    }
}

/// Whether the open file is the one at the path.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

/// Removes the access of other users to the directory and to Confab's files in it: they hold password hashes, the
/// signing secret, texts and push tokens.
fn make_private(traces: &mut Traces, directory: &Path) -> anyhow::Result<()> {
    let paths = std::iter::once(directory.to_owned()).chain(own_files(directory)?);
    for path in paths {
        traces.make_private(&path).map_err(|error| {
            let shown = path.display();
            let mode = fs::metadata(&path).map_or(0, |there| there.permissions().mode() & 0o7777);
            anyhow::anyhow!(
                "others may use {shown} (mode {mode:04o}), and that cannot be changed: {error}; let its owner run \
                 `chmod go= {shown}`, or choose another directory with --data"
            )
        })?;
    }
    Ok(())
}

/// Creates the databases that do not exist, and checks that all can be written.
///
/// SQLite itself would create them for everybody to read. The files that it puts beside a database have the mode of the
/// database. Source: SQLite 3.49.2, `findCreateFileMode` in `os_unix.c`.
///
/// Danger: never call it while a database is open. The locks of a file end when any handle of the process to it is
/// closed.
fn make_databases(directory: &Path) -> anyhow::Result<()> {
    let databases = [DATABASE, QUEUES, PUSHES].map(|name| directory.join(name));
    for path in databases.into_iter().chain(own_files(directory)?) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if own_file(name).is_none_or(|base| ![DATABASE, QUEUES, PUSHES].contains(&base)) {
            continue;
        }
        if let Err(failure) = private().create(true).write(true).open(&path) {
            bail!("cannot write to {}: {}", path.display(), disk::advice(&failure));
        }
    }
    Ok(())
}

/// Paths of Confab's own files in the directory.
fn own_files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let names = names(directory)?.into_iter().filter(|name| own_file(name).is_some());
    Ok(names.map(|name| directory.join(name)).filter(|path| path.is_file()).collect())
}

fn names(directory: &Path) -> anyhow::Result<Vec<String>> {
    let listed = fs::read_dir(directory).and_then(|listed| {
        listed.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    });
    listed.with_context(|| format!("cannot list {}", directory.display()))
}

/// Files that systems and people put into directories that are otherwise empty.
const NOBODYS: [&str; 4] = ["lost+found", ".DS_Store", ".gitignore", ".gitkeep"];

/// Refuses a directory that other programs use, and that Confab never used.
fn check_is_ours(path: &Path) -> anyhow::Result<()> {
    let names = names(path)?;
    let foreign = names.iter().find(|name| own_file(name).is_none() && !NOBODYS.contains(&name.as_str()));
    if let Some(foreign) = foreign
        && !names.iter().any(|name| name == DATABASE || name == SIGNING_SECRET)
    {
        bail!(
            "{} holds other files ({foreign}) and no data of Confab's; choose an empty directory with --data, or one \
             that is not there yet",
            path.display()
        );
    }
    Ok(())
}

/// Refuses anything but a file at the name of one of Confab's files, and a link whose target does not exist.
///
/// Danger: opening a named pipe waits for its other end without limit, and writing to such a link creates its target.
fn check_kinds(directory: &Path) -> anyhow::Result<()> {
    for name in names(directory)?.into_iter().filter(|name| own_file(name).is_some()) {
        let path = directory.join(name);
        let shown = path.display();
        match fs::metadata(&path) {
            Ok(there) if !there.is_file() => bail!(
                "{shown} is a {} and is not a file; move it away and, if the directory has been in use, restore that \
                 file from a backup, or choose another directory with --data",
                kind(there.file_type())
            ),
            Err(_) if path.is_symlink() => bail!(
                "{shown} is a symbolic link to what is not there; remove it and, if the directory has been in use, \
                 restore that file from a backup, or choose another directory with --data"
            ),
            // Another process may be at its first start here, and may have removed its files again.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn kind(file_type: fs::FileType) -> &'static str {
    match file_type {
        directory if directory.is_dir() => "directory",
        pipe if pipe.is_fifo() => "named pipe",
        socket if socket.is_socket() => "socket",
        _ => "device",
    }
}

/// The first database without data, in words: of a directory that has been in use, it is lost.
///
/// A process that dies at its first start leaves some of the files, none of which holds data yet.
fn lost_database(path: &Path) -> anyhow::Result<Option<String>> {
    for name in [DATABASE, QUEUES, PUSHES] {
        let file = path.join(name);
        let lost = match fs::metadata(&file) {
            Ok(metadata) if !metadata.is_file() => "is not a file",
            Ok(metadata) if metadata.len() > 0 => continue,
            Ok(_) => "is empty",
            Err(error) if error.kind() == ErrorKind::NotFound => "is missing",
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        return Ok(Some(format!("{} {lost}", file.display())));
    }
    Ok(None)
}

fn incomplete(lost: &str) -> String {
    format!(
        "{lost}, though the directory has been in use; restore the whole directory from a backup, or remove it to \
         begin anew"
    )
}

fn unusable(file: &Path) -> String {
    format!(
        "cannot use {}; restore the whole directory from a backup, or choose another one with --data",
        file.display()
    )
}

/// Whether this is a secret as [`fresh_secret`] draws it.
fn is_secret(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A secret of 256 random bits.
pub(crate) fn fresh_secret() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}
