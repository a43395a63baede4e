//! A program whose wall clock is ahead of this machine's.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::runner::TempDir;

/// A library that sets a program's clock ahead.
#[derive(Debug)]
pub struct ClockAhead {
    folder: TempDir,
}

impl ClockAhead {
    /// A clock that is ahead by that much; `None`, with a notice, where programs cannot be given another clock.
    pub async fn by(ahead: Duration) -> Option<Self> {
        let clock = Self { folder: TempDir::new() };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/clock_ahead.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", &format!("-DAHEAD_SECONDS={}", ahead.as_secs()), source, "-o"])
            .arg(clock.library())
            .stderr(Stdio::null())
            .status();
        let can_be = cfg!(all(target_os = "linux", target_env = "gnu"))
            && built.await.is_ok_and(|status| status.success());
        if !can_be {
            eprintln!("SKIPPED: programs cannot be given another clock (cc, LD_PRELOAD)");
        }
        can_be.then_some(clock)
    }

    /// Gives this clock to a program that is about to be started.
    pub fn shown_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("LD_PRELOAD", self.library())
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock_ahead.so")
    }
}
