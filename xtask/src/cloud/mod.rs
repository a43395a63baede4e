//! `cargo xtask cloud`: the stack of `template.yaml` on an emulated cloud on this machine, and the suite against it.
//!
//! Knows: MiniStack, SAM, and how both are started. Start reading at `up`.

mod ministack;
mod permission;
mod recorder;
mod stack;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use crate::command::{command, read, run};
use crate::files::Root;
use crate::step::Outcome;
use crate::venv;

use ministack::MiniStack;
pub(crate) use permission::Permission;

/// The file with the stack's addresses, as long as there is a stack.
const READY: &str = ".tools/cloud/ready.txt";

#[derive(Subcommand)]
pub(crate) enum Cloud {
    /// Starts MiniStack and a recorder of pushes, builds, deploys, and prints a line like the runner's
    Up {
        /// Build as for production: optimised, by cargo-lambda with Zig
        #[arg(long)]
        release: bool,
    },
    /// Prints that line again
    Url,
    /// Runs the behavioural suite against the deployed stack
    Test {
        /// Take this from a function first, such as `SendFunction:dynamodb:PutItem:MessagesTable`: the suite must fail
        #[arg(long)]
        without: Option<Permission>,
    },
    /// Prints every permission of every function of the deployed stack
    Permissions,
    /// Prints the logs of MiniStack and the functions
    Logs,
    /// Deletes the stack, lists what is left of it, and stops MiniStack and the recorder
    Down,
}

pub(crate) fn run_task(root: &Root, task: &Cloud) -> ExitCode {
    let result = match task {
        Cloud::Up { release } => up(root, *release),
        Cloud::Url => ready_line(root).map(|line| println!("{line}")),
        Cloud::Test { without: None } => test(root, Failures::All),
        Cloud::Test { without: Some(permission) } => permission::test_without(root, permission),
        Cloud::Permissions => permission::list(root),
        Cloud::Logs => logs(root),
        Cloud::Down => down(root),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A step of `cargo xtask test`: up, the suite, down.
pub(crate) fn suite(root: &Root) -> anyhow::Result<Outcome> {
    if let Err(error) = read(command("cargo", root.path()).args(["nextest", "--version"])) {
        return Ok(Outcome::Skipped(format!("{error:#}: nothing is deployed")));
    }
    for (name, requirements) in [stack::TOOLS, ministack::TOOLS] {
        if let Err(error) = venv::programs(root, name, requirements) {
            return Ok(Outcome::Skipped(format!("{error:#}: nothing is deployed")));
        }
    }
    let result = up(root, false).and_then(|()| test(root, Failures::All)).and_then(|()| check_endings(root));
    if result.is_err() {
        let logs = ministack::logs(root).unwrap_or_default();
        let last: Vec<&str> = logs.lines().rev().take(40).collect();
        println!("{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    let removed = down(root);
    result.and(removed).map(|()| Outcome::Passed)
}

/// Prints why functions ended, whether the suite passed or not, since a client's retry hides it.
///
/// # Errors
///
/// If a function panicked.
fn check_endings(root: &Root) -> anyhow::Result<()> {
    let (emulator, functions) = (ministack::logs(root)?, stack::logs(root)?);
    let lines = || emulator.lines().chain(functions.lines());
    let ended: Vec<&str> = lines().filter(|line| line.contains("exited")).collect();
    println!("{} invocations ended with their process", ended.len());
    ended.iter().take(10).for_each(|line| println!("  {line}"));
    let panics: Vec<&str> = lines().filter(|line| line.contains("panicked at")).collect();
    if !panics.is_empty() {
        bail!("functions panicked:\n{}", panics.join("\n"));
    }
    Ok(())
}

fn up(root: &Root, release: bool) -> anyhow::Result<()> {
    MiniStack::running_or_started(root)?;
    recorder::run_beside(root)?;
    stack::build(root, release)?;
    stack::deploy(root)?;
    let addresses = stack::addresses(root)?;
    let line = format!("CONFAB_READY http={} ws={}", addresses.http, addresses.ws);
    fs::write(root.join(READY), &line).with_context(|| format!("cannot write {READY}"))?;
    println!("{line}");
    Ok(())
}

fn ready_line(root: &Root) -> anyhow::Result<String> {
    fs::read_to_string(root.join(READY)).context("nothing is deployed; `cargo xtask cloud up` does it")
}

/// How many failures a run reports.
#[derive(Clone, Copy)]
enum Failures {
    All,
    Any,
}

impl Failures {
    fn flag(self) -> &'static str {
        match self {
            Self::All => "--no-fail-fast",
            Self::Any => "--fail-fast",
        }
    }
}

/// Tests with more concurrent requests than the emulator, which starts a process for each invocation, answers in time.
const CROWDS: &str = "test(/^connections::closing::of_many_concurrent_handshakes/) \
     | test(/^groups::contention::of_ten_concurrent_sends/) | test(/^groups::contention::of_names_given/) \
     | test(/^groups::contention::fifty_members/) | test(/^groups::additions::strangers_can_add/) \
     | test(/^groups::limits::a_message_reaches_each/)";

/// Runs the suite without the tests of the `confab` program. The selection of packages is the same as in every other
/// step, or all would be built again.
fn test(root: &Root, failures: Failures) -> anyhow::Result<()> {
    let line = ready_line(root)?;
    let http = line.split_whitespace().find_map(|word| word.strip_prefix("http="));
    let Some(http) = http else { bail!("{READY} holds no address") };
    run(command("cargo", root.path())
        .args(["nextest", "run", "--workspace", "--locked", failures.flag()])
        .args(["--cargo-quiet", "--show-progress", "none", "--status-level", "retry"])
        // On a busy machine the emulator answers late or not at all; each retry is shown.
        .args(["--profile", "cloud"])
        .args([
            "--filterset",
            &format!("package(tests) & binary(it) & not test(/^runner::/) & not ({CROWDS})"),
        ])
        .env("CONFAB_TEST_URL", http)
        .env("CONFAB_TEST_CLOUD", "ministack")
        .env("CONFAB_TEST_PUSHES_URL", recorder::pushes())
        .envs(stack::PRESENCE.map(|(_, variable, seconds)| (variable, seconds.to_string()))))
}

fn logs(root: &Root) -> anyhow::Result<()> {
    print!("{}", ministack::logs(root)?);
    if MiniStack::running(root).is_some() {
        print!("{}", stack::logs(root)?);
    }
    Ok(())
}

fn down(root: &Root) -> anyhow::Result<()> {
    let Some(cloud) = MiniStack::running(root) else {
        println!("MiniStack does not run");
        return recorder::stop(root);
    };
    let deleted = stack::delete(root);
    let _ = fs::remove_file(root.join(READY));
    recorder::stop(root)?;
    cloud.stop()?;
    deleted
}
