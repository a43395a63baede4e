//! MiniStack as a process of its own, on loopback, with its state in memory and IAM enforced.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::command::{command, read};
use crate::files::Root;
use crate::venv;

/// The Python environment and its requirements.
pub(crate) const TOOLS: (&str, &str) = ("ministack", "xtask/requirements-ministack.txt");

const PORT: u16 = 14566;
const PID: &str = ".tools/cloud/ministack.pid";
const LOG: &str = ".tools/cloud/ministack.log";
const START_MAX: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// A running MiniStack.
pub(crate) struct MiniStack {
    pid: u32,
}

impl MiniStack {
    pub(crate) fn running(root: &Root) -> Option<Self> {
        let pid = fs::read_to_string(root.join(PID)).ok()?.trim().parse().ok()?;
        (is_launcher(pid) && is_ready()).then_some(Self { pid })
    }

    pub(crate) fn running_or_started(root: &Root) -> anyhow::Result<Self> {
        match Self::running(root) {
            Some(running) => Ok(running),
            None => Self::start(root),
        }
    }

    fn start(root: &Root) -> anyhow::Result<Self> {
        if is_ready() {
            bail!("port {PORT} is taken by a MiniStack that this folder did not start");
        }
        let programs = venv::programs(root, TOOLS.0, TOOLS.1)?;
        fs::create_dir_all(root.join(".tools/cloud")).context("cannot make .tools/cloud")?;
        let log = File::create(root.join(LOG)).with_context(|| format!("cannot write {LOG}"))?;
        let mut launcher = command(programs.join("python"), root.path());
        launcher
            .arg("xtask/cloud/launch_ministack.py")
            .envs(environment())
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", PORT.to_string())
            .env("MINISTACK_HOST", "localhost")
            // Each of these two services would listen on every interface.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("AUTH", "true")
            .stdout(log.try_clone().context("cannot share the log")?)
            .stderr(log)
            // So that ctrl-c for a test does not stop MiniStack.
            .process_group(0);
        let mut child = launcher.spawn().context("cannot start MiniStack")?;
        fs::write(root.join(PID), child.id().to_string()).with_context(|| format!("cannot write {PID}"))?;
        let started = Instant::now();
        while !is_ready() {
            if let Some(status) = child.try_wait()? {
                bail!("MiniStack ended with {status}; see {LOG}");
            }
            if started.elapsed() > START_MAX {
                let _ = child.kill();
                bail!("MiniStack is not ready after {START_MAX:?}; see {LOG}");
            }
            sleep(POLL);
        }
        println!("MiniStack runs at {}", Self::address());
        Ok(Self { pid: child.id() })
    }

    /// Host and port.
    pub(crate) fn address() -> String {
        format!("127.0.0.1:{PORT}")
    }

    /// Stops MiniStack and the processes of functions that it has started.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        let group = format!("-{}", self.pid);
        read(Command::new("kill").args(["-TERM", "--", &group]))?;
        let asked = Instant::now();
        while is_launcher(self.pid) {
            if asked.elapsed() > Duration::from_secs(5) {
                read(Command::new("kill").args(["-KILL", "--", &group]))?;
            }
            sleep(POLL);
        }
        println!("MiniStack is stopped");
        Ok(())
    }
}

/// Environment variables for a client. The credentials are made up: MiniStack takes any for its root user.
pub(crate) fn environment() -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{}", MiniStack::address())),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("SAM_CLI_TELEMETRY", "0".to_owned()),
    ]
}

/// A script in `xtask/cloud`, which uses the running MiniStack with boto3.
pub(crate) fn script(root: &Root, name: &str) -> anyhow::Result<Command> {
    let programs = venv::programs(root, TOOLS.0, TOOLS.1)?;
    let mut script = command(programs.join("python"), root.path());
    script.arg(root.join("xtask/cloud").join(name)).envs(environment());
    Ok(script)
}

/// The log of MiniStack and the functions.
pub(crate) fn logs(root: &Root) -> anyhow::Result<String> {
    let log = fs::read(root.join(LOG)).context("MiniStack was not started here")?;
    Ok(String::from_utf8_lossy(&log).into_owned())
}

/// Whether this process is the launcher, and not another one with the same id. An ended process that was not yet waited
/// for has no command line.
fn is_launcher(pid: u32) -> bool {
    let name = OsStr::new("launch_ministack.py").as_encoded_bytes();
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => line.windows(name.len()).any(|part| part == name),
        Err(_) => false,
    }
}

fn is_ready() -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let request = "GET /_ministack/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut head = [0; 12];
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut head).is_ok()
        && head.ends_with(b" 200")
}
