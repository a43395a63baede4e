//! The stand-in for SNS beside MiniStack, which keeps no push that could be read back.
//!
//! A program of the package `tests`, on loopback: the functions of the stack are processes of this machine.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::command::{command, read, run};
use crate::files::Root;
use crate::http;

const PROGRAM: &str = "push_recorder";
const PORT: u16 = 14567;
const PID: &str = ".tools/cloud/push_recorder.pid";
const LOG: &str = ".tools/cloud/push_recorder.log";
const START_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// The address of its SNS API.
pub(crate) fn endpoint() -> String {
    format!("http://127.0.0.1:{PORT}")
}

/// The address of the list of recorded pushes.
pub(crate) fn pushes() -> String {
    format!("{}/dev/pushes", endpoint())
}

/// Starts the recorder, built anew if the code has changed. A running one is kept, with its records.
pub(crate) fn run_beside(root: &Root) -> anyhow::Result<()> {
    // Built with a test, so that Cargo settles on the features of the suite.
    run(command("cargo", root.path()).args([
        "build",
        "--workspace",
        "--locked",
        "--quiet",
        "--bin",
        PROGRAM,
        "--test",
        "it",
    ]))?;
    if running(root).is_some() {
        return Ok(());
    }
    if answers() {
        bail!("port {PORT} is taken by something that this folder did not start");
    }
    fs::create_dir_all(root.join(".tools/cloud")).context("cannot make .tools/cloud")?;
    let log = File::create(root.join(LOG)).with_context(|| format!("cannot write {LOG}"))?;
    let mut recorder = command(root.join("target/debug").join(PROGRAM), root.path());
    recorder
        .args(["--listen", &format!("127.0.0.1:{PORT}")])
        .stdout(log.try_clone().context("cannot share the log")?)
        .stderr(log)
        // So that ctrl-c for a test does not stop the recorder.
        .process_group(0);
    let mut child = recorder.spawn().with_context(|| format!("cannot start {PROGRAM}"))?;
    fs::write(root.join(PID), child.id().to_string()).with_context(|| format!("cannot write {PID}"))?;
    let started = Instant::now();
    while !answers() {
        if let Some(status) = child.try_wait()? {
            bail!("{PROGRAM} ended with {status}; see {LOG}");
        }
        if started.elapsed() > START_MAX {
            let _ = child.kill();
            bail!("{PROGRAM} does not answer after {START_MAX:?}; see {LOG}");
        }
        sleep(POLL);
    }
    println!("pushes are recorded at {}", pushes());
    Ok(())
}

/// Stops the recorder, if it runs.
pub(crate) fn stop(root: &Root) -> anyhow::Result<()> {
    let Some(pid) = running(root) else { return Ok(()) };
    read(Command::new("kill").args(["-TERM", &pid.to_string()]))?;
    while is_recorder(pid) {
        sleep(POLL);
    }
    Ok(())
}

fn running(root: &Root) -> Option<u32> {
    let pid = fs::read_to_string(root.join(PID)).ok()?.trim().parse().ok()?;
    is_recorder(pid).then_some(pid)
}

/// Whether this process is the recorder, and not another one with the same id.
fn is_recorder(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.windows(PROGRAM.len()).any(|part| part == PROGRAM.as_bytes())
}

fn answers() -> bool {
    http::get(&pushes()).is_ok()
}
