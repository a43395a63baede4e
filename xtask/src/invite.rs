//! `cargo xtask invite`: a code for a signup where signups need an invite.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, bail};
use clap::Args;

use crate::command::{command, read};
use crate::files::Root;

/// The file of the local runner's secret, in its data directory.
const SIGNING_SECRET: &str = "signing-secret";

#[derive(Args)]
pub(crate) struct Invite {
    /// How many accounts can be made with it
    #[arg(long, value_name = "N", default_value_t = 1)]
    uses: u32,
    /// After how many days it ends
    #[arg(long, value_name = "N", default_value_t = 7)]
    days: u32,
    /// The data directory of the local runner
    #[arg(long, value_name = "DIR", default_value = ".confab", conflicts_with = "stack")]
    data: PathBuf,
    /// A stack on AWS instead, whose secret the AWS CLI reads with its own credentials and region
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
}

/// Prints the code and nothing else, so that it can be copied.
pub(crate) fn invite(root: &Root, invite: &Invite) -> ExitCode {
    let secret = match &invite.stack {
        Some(stack) => of_stack(root, stack),
        None => of_runner(invite),
    };
    match secret.and_then(|secret| make(root, invite, &secret)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn of_runner(invite: &Invite) -> anyhow::Result<String> {
    let file = invite.data.join(SIGNING_SECRET);
    fs::read_to_string(&file).with_context(|| {
        format!(
            "cannot read {}; start the local runner once, or name its directory with --data",
            file.display()
        )
    })
}

fn of_stack(root: &Root, stack: &str) -> anyhow::Result<String> {
    let query = "StackResourceDetail.PhysicalResourceId";
    let secret = read(
        command("aws", root.path())
            .args(["cloudformation", "describe-stack-resource", "--stack-name", stack])
            .args(["--logical-resource-id", "SigningSecret", "--output", "text", "--query", query]),
    )?;
    read(
        command("aws", root.path())
            .args(["secretsmanager", "get-secret-value", "--secret-id", secret.trim()])
            .args(["--output", "text", "--query", "SecretString"]),
    )
}

/// The secret goes through a pipe, since arguments are visible to all users of the machine.
fn make(root: &Root, invite: &Invite, secret: &str) -> anyhow::Result<()> {
    let mut child = command("cargo", root.path())
        .args(["run", "--quiet", "--package", "confab-local", "--bin", "confab-invite", "--"])
        .args(["--uses", &invite.uses.to_string(), "--days", &invite.days.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(secret.as_bytes()).context("cannot hand the secret over")?;
    }
    let status = child.wait().context("cargo cannot be waited for")?;
    if !status.success() {
        bail!("no invite was made");
    }
    Ok(())
}
