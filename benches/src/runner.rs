//! A `confab` process.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running `confab`.
pub(crate) struct Confab {
    child: Child,
    /// `HOST:PORT`.
    pub(crate) authority: String,
    /// Time from the start of the process to its ready line.
    pub(crate) started_in: Duration,
}

impl Confab {
    pub(crate) async fn start(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        Self::start_with(binary, data, &[]).await
    }

    /// Starts `confab` with further flags.
    pub(crate) async fn start_with(binary: &Path, data: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        let begin = Instant::now();
        let mut child = Command::new(binary)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(flags)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(rest) = line.strip_prefix("CONFAB_READY http=http://") {
                let started_in = begin.elapsed();
                let authority = rest.split(' ').next().unwrap_or_default().to_owned();
                // Further output would otherwise meet a closed pipe.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { child, authority, started_in });
            }
        }
        bail!("confab ended before it was ready")
    }

    /// Resident memory. Unit: MB (10^6 bytes).
    pub(crate) fn rss_mb(&self) -> anyhow::Result<f64> {
        let pid = self.child.id().context("confab has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok((kib * 1.024).round() / 1000.0)
    }

    /// CPU time used so far. Unit: seconds, of all cores together.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        /// Unit of times in `/proc`; the same on every Linux that Rust supports.
        const TICKS_PER_SECOND: f64 = 100.0;
        let pid = self.child.id().context("confab has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The fields after the name, which may contain anything.
        let fields = stat.rsplit_once(") ").context("no stat")?.1;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().context("confab has ended")?.to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        let status = self.child.wait().await?;
        if !status.success() {
            bail!("confab ended with {status}");
        }
        Ok(())
    }
}
