//! The `confab` program as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::{Chat, DEADLINE, fresh};

/// A running `confab`; it is killed when this is dropped.
#[derive(Debug)]
pub struct Runner {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    /// The output of the program up to the line that reports it ready.
    pub greeting: Vec<String>,
    /// The `http=` of that line.
    pub http: String,
    /// The `ws=` of that line.
    pub ws: String,
}

impl Runner {
    /// Starts the program on a free port, with these arguments too, and waits until it is ready.
    pub async fn start(args: &[&str]) -> Self {
        let args = [&["--listen", "127.0.0.1:0"], args].concat();
        Self::of(&mut command(&args)).await
    }

    /// Starts the program with a data directory.
    pub async fn with_data(data: &Path) -> Self {
        Self::start(&["--data", data.to_str().expect("a path in UTF-8")]).await
    }

    /// Starts a command, and waits until it is ready.
    pub async fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("confab starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout")).lines();
        let mut greeting = Vec::new();
        loop {
            let line = timeout(DEADLINE, stdout.next_line()).await.expect("a line in time");
            let Some(line) = line.expect("a line in UTF-8") else {
                let mut errors = String::new();
                child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
                panic!("confab ended before it was ready: {greeting:?} {errors}");
            };
            greeting.push(line);
            if let Some((http, ws)) = greeting.last().and_then(|line| ready(line)) {
                // A pipe that is not read fills up, and then the program waits when it logs.
                if let Some(log) = child.stderr.take() {
                    tokio::spawn(pass_on(log));
                }
                return Self { child, stdout, greeting, http, ws };
            }
        }
    }

    /// An anonymous client of the program.
    pub fn chat(&self) -> Chat {
        Chat::at(&self.http)
    }

    /// Kills the program, as `kill -9` does.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Sends a signal to the program, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs");
        let command = format!("kill -{name} {pid}");
        let status = Command::new("sh").args(["-c", &command]).status().await.expect("a shell");
        assert!(status.success(), "{command} failed");
    }

    /// Waits until the program has ended; returns its output since it was ready.
    pub async fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let mut lines = Vec::new();
        let rest = async {
            while let Some(line) = self.stdout.next_line().await.expect("a line in UTF-8") {
                lines.push(line);
            }
            self.child.wait().await.expect("its status")
        };
        let status = timeout(DEADLINE, rest).await.expect("it ends in time");
        (status, lines)
    }
}

/// Prints the log of the program where a test fails.
async fn pass_on(log: ChildStderr) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{line}");
    }
}

/// Runs the program to its end, for arguments with which it does not get ready.
pub async fn run(args: &[&str]) -> Output {
    let output = command(args).output();
    timeout(DEADLINE, output).await.expect("it ends in time").expect("confab starts")
}

/// The program with these arguments.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(beside("confab"));
    command.args(args).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A program of the local runner. It is in the folder above the test's own, since both are of one build.
pub fn beside(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this program");
    let folder = test.parent().and_then(Path::parent).expect("a folder of build products");
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not there; build it with `cargo build -p confab-local`, or run `cargo xtask test`",
        program.display()
    );
    program
}

/// The addresses in the line that reports the program ready.
fn ready(line: &str) -> Option<(String, String)> {
    let (http, ws) = line.strip_prefix("CONFAB_READY http=")?.split_once(" ws=")?;
    Some((http.to_owned(), ws.to_owned()))
}

/// An empty directory that is removed when this is dropped.
#[derive(Debug)]
pub struct TempDir(PathBuf);

impl TempDir {
    #[expect(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("confab-test-{:016x}", fresh::random()));
        std::fs::create_dir(&path).expect("a directory for a test");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
