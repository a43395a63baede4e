//! The directory that holds everything that lasts.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use confab_embedded_aws::{DynamoDb, Sns, Sqs};

use crate::{data_format, disk};

const DATABASE: &str = "dynamodb.sqlite";
const QUEUES: &str = "sqs.sqlite";
const PUSHES: &str = "sns.sqlite";

/// Drawn after the databases are made: a directory that holds it has been used.
const SIGNING_SECRET: &str = "signing-secret";

/// A data directory that is this process's alone until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    format: u32,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is not there, and takes it.
    ///
    /// # Errors
    ///
    /// For people: another process has it, it cannot be written, or it holds what this version cannot read.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        if fs::metadata(path).is_ok_and(|there| !there.is_dir()) {
            bail!("{shown} is a file and not a directory; move it away, or choose another place with --data");
        }
        // It holds password hashes and the signing secret.
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
            format!("cannot make the data directory {shown}; choose another place with --data")
        })?;
        check_is_ours(path)?;
        if let Err(failure) = disk::probe(path) {
            bail!("cannot write to the data directory {shown}: {}", disk::advice(&failure));
        }
        let lock = private()
            .create(true)
            .write(true)
            .open(path.join("lock"))
            .with_context(|| format!("cannot write the file lock in the data directory {shown}"))?;
        match lock.try_lock() {
            Ok(()) => {
                let format = data_format::of(data_format::read(path)?, check_files(path)?);
                let directory = Self { path: path.to_owned(), format, _lock: lock };
                if format == data_format::CURRENT {
                    directory.set_format()?;
                }
                Ok(directory)
            }
            Err(TryLockError::WouldBlock) => {
                bail!("another confab is using {shown}; stop it, or give this one --data or --memory")
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock the data directory {shown}"))
            }
        }
    }

    /// Writes down that the directory has the format of this version, if it had an earlier one.
    ///
    /// What the first format stored is read as it is and rewritten where it changes.
    pub(crate) fn take_over(&self) -> anyhow::Result<()> {
        if self.format == data_format::CURRENT { Ok(()) } else { self.set_format() }
    }

    fn set_format(&self) -> anyhow::Result<()> {
        self.replace(data_format::FILE, &format!("{}\n", data_format::CURRENT))
            .context("cannot write down the data format")
    }

    pub(crate) fn database(&self) -> anyhow::Result<DynamoDb> {
        let path = self.path.join(DATABASE);
        DynamoDb::open(&path).with_context(|| unusable(&path))
    }

    pub(crate) fn queues(&self, epoch_ms: u64) -> anyhow::Result<Sqs> {
        let path = self.path.join(QUEUES);
        Sqs::open(&path, epoch_ms).with_context(|| unusable(&path))
    }

    pub(crate) fn pushes(&self, epoch_ms: u64) -> anyhow::Result<Sns> {
        let path = self.path.join(PUSHES);
        Sns::open(&path, epoch_ms).with_context(|| unusable(&path))
    }

    /// The secret that signs tokens, so that logins survive a restart; drawn at the first start.
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
                let secret = fresh_secret()?;
                self.replace(SIGNING_SECRET, &secret).context("cannot keep the signing secret")?;
                Ok(secret)
            }
            Err(error) => Err(error).with_context(|| unusable(&path)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a small file that is whole or as it was before, whenever the process dies.
    fn replace(&self, name: &str, text: &str) -> std::io::Result<()> {
        let draft = self.path.join(format!("{name}.draft"));
        let mut file = private().create(true).truncate(true).write(true).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.path.join(name))
    }
}

/// Whether it is a name of one of Confab's own files, or of what those leave beside them.
fn is_own(name: &str) -> bool {
    let own = [DATABASE, QUEUES, PUSHES, SIGNING_SECRET, data_format::FILE, "lock", disk::PROBE];
    let base = ["-wal", "-shm", "-journal", ".draft"].iter().find_map(|end| name.strip_suffix(end));
    own.contains(&name) || base.is_some_and(|base| own.contains(&base))
}

/// What systems and people put into directories that are empty to them.
const NOBODYS: [&str; 4] = ["lost+found", ".DS_Store", ".gitignore", ".gitkeep"];

/// Refuses a directory that other programs use, and Confab never did.
fn check_is_ours(path: &Path) -> anyhow::Result<()> {
    let listed = fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let names: Vec<String> = listed
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()
        .with_context(|| format!("cannot list {}", path.display()))?;
    let foreign = names.iter().find(|name| !is_own(name) && !NOBODYS.contains(&name.as_str()));
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

/// Refuses a directory that has lost a part; gives whether it has been used before.
///
/// A process that dies at its first start leaves parts, none of which holds anything yet.
fn check_files(path: &Path) -> anyhow::Result<bool> {
    let is_used = path.join(SIGNING_SECRET).exists();
    if is_used {
        for name in [DATABASE, QUEUES, PUSHES] {
            let file = path.join(name);
            let lost = match fs::metadata(&file) {
                Ok(metadata) if !metadata.is_file() => "is not a file",
                Ok(metadata) if metadata.len() > 0 => continue,
                Ok(_) => "is empty",
                Err(error) if error.kind() == ErrorKind::NotFound => "is missing",
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
            };
            bail!(
                "{} {lost}, though the directory has been in use; restore the whole directory from a backup, \
                 or remove it to begin anew",
                file.display()
            );
        }
    }
    Ok(is_used)
}

fn unusable(file: &Path) -> String {
    format!(
        "cannot use {}; restore the whole directory from a backup, or choose another one with --data",
        file.display()
    )
}

/// Whether this is a secret as [`fresh_secret`] draws them.
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
