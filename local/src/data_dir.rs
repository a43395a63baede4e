//! The directory that holds everything that lasts.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use confab_embedded_aws::{DynamoDb, Sns, Sqs};

/// A data directory that is this process's alone until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if it is not there, and takes it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        // It holds password hashes and the signing secret.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make the data directory {shown}"))?;
        let lock = private()
            .create(true)
            .write(true)
            .open(path.join("lock"))
            .with_context(|| format!("cannot write to the data directory {shown}"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("another confab is using {shown}; stop it, or give this one --data or --memory")
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock the data directory {shown}"))
            }
        }
    }

    pub(crate) fn database(&self) -> anyhow::Result<DynamoDb> {
        let path = self.path.join("dynamodb.sqlite");
        DynamoDb::open(&path).with_context(|| format!("{} is not a database of confab's", path.display()))
    }

    pub(crate) fn queues(&self, epoch_ms: u64) -> anyhow::Result<Sqs> {
        let path = self.path.join("sqs.sqlite");
        Sqs::open(&path, epoch_ms)
            .with_context(|| format!("{} does not hold confab's queues", path.display()))
    }

    pub(crate) fn pushes(&self, epoch_ms: u64) -> anyhow::Result<Sns> {
        let path = self.path.join("sns.sqlite");
        Sns::open(&path, epoch_ms)
            .with_context(|| format!("{} does not hold confab's pushes", path.display()))
    }

    /// The secret that signs tokens, so that logins survive a restart; drawn at the first start.
    pub(crate) fn signing_secret(&self) -> anyhow::Result<String> {
        let path = self.path.join("signing-secret");
        let mut secret = String::new();
        match File::open(&path) {
            Ok(mut file) => {
                file.read_to_string(&mut secret).context("cannot read the signing secret")?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                secret = fresh_secret()?;
                // Whole or absent, whenever the process dies.
                let draft = self.path.join("signing-secret.draft");
                let mut file = private().create(true).truncate(true).write(true).open(&draft)?;
                file.write_all(secret.as_bytes())?;
                file.sync_all()?;
                fs::rename(&draft, &path).context("cannot keep the signing secret")?;
            }
            Err(error) => return Err(error).context("cannot read the signing secret"),
        }
        Ok(secret)
    }
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
