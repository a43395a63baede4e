//! Development tasks: `cargo xtask help`.
//!
//! Knows the repository's tools and their commands; must not know the product's behaviour. Start reading at `test.rs`.

#![allow(clippy::print_stdout, reason = "a command-line tool")]

mod bench;
mod cloud;
mod explain_push;
mod invite;
mod step;
mod test;

mod browser;
mod descriptions;
mod rust;
mod supply_chain;
mod templates;
mod web;

mod command;
mod files;
mod http;
mod venv;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Development tasks of Confab")]
enum Task {
    /// Sets up what the checks need and runs all of them
    Test {
        /// Run only these steps
        #[arg(value_parser = test::step_names())]
        steps: Vec<String>,
    },
    /// Measures the local runner in release and writes the figures into the docs
    Bench {
        /// Only print them
        #[arg(long)]
        dry_run: bool,
    },
    /// Explains which members were alerted to a message, and why
    ExplainPush(explain_push::Question),
    /// Makes an invite for a runner or a stack where signups need one
    Invite(invite::Invite),
    /// Deploys to an emulated cloud on this machine, and tests what is deployed
    #[command(subcommand)]
    Cloud(cloud::Cloud),
}

fn main() -> ExitCode {
    match Task::parse() {
        Task::Test { steps } => test::run(&steps),
        Task::Bench { dry_run } => bench::bench(&files::Root::of_repository(), !dry_run),
        Task::ExplainPush(question) => explain_push::explain(&files::Root::of_repository(), &question),
        Task::Invite(invite) => invite::invite(&files::Root::of_repository(), &invite),
        Task::Cloud(task) => cloud::run_task(&files::Root::of_repository(), &task),
    }
}
