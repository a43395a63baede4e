//! A small disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::DEADLINE;
use crate::runner::{TempDir, beside};

/// A file system in a mount namespace of its own, which only the programs that this starts can see.
#[derive(Debug)]
pub struct SmallDisk {
    /// Keeps the namespace alive as long as its stdin is open; it ends also when this process is killed.
    _holder: Child,
    pid: u32,
    mounted_on: TempDir,
}

impl SmallDisk {
    /// A disk of this size; `None`, with a notice, if this user cannot create one.
    pub async fn new(bytes: u64) -> Option<Self> {
        let disk = Self::try_new(bytes).await;
        if disk.is_none() {
            eprintln!("SKIPPED: no small disk can be mounted (unshare --map-root-user --mount, tmpfs)");
        }
        disk
    }

    async fn try_new(bytes: u64) -> Option<Self> {
        let mounted_on = TempDir::new();
        let script = r#"mount -t tmpfs -o "size=$1" none "$0" && echo mounted && read -r _"#;
        let mut holder = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", script])
            .arg(mounted_on.path())
            .arg(bytes.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(holder.stdout.take()?).lines();
        let said = timeout(DEADLINE, lines.next_line()).await.ok()?.ok()?;
        (said.as_deref() == Some("mounted")).then_some(())?;
        Some(Self { pid: holder.id()?, _holder: holder, mounted_on })
    }

    /// The path of a data directory on the disk, for programs that this starts.
    pub fn data(&self) -> PathBuf {
        self.mounted_on.path().join("data")
    }

    /// `confab` with these arguments and a data directory on the disk.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args([
            "--target",
            &self.pid.to_string(),
            "--user",
            "--preserve-credentials",
            "--mount",
            "--",
        ]);
        command.arg(beside("confab")).args(args).arg("--data").arg(self.data());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Fills the disk up to the last byte.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a file");
        for bytes in [1024 * 1024, 4096, 1] {
            loop {
                match filler.write_all(&vec![7; bytes]) {
                    Ok(()) => {}
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::StorageFull);
                        break;
                    }
                }
            }
        }
    }

    /// Undoes [`fill`](Self::fill).
    pub fn make_room(&self) {
        fs::remove_file(self.filler()).expect("a file");
    }

    /// The file that fills the disk, as this process sees it from outside the namespace.
    fn filler(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.pid));
        let path = self.mounted_on.path().strip_prefix("/").expect("an absolute path");
        root.join(path).join("filler")
    }
}
