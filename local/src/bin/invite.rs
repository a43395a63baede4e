//! `confab-invite`: makes an invite with the secret on its stdin.
//!
//! `cargo xtask invite` finds the secret of the local runner, or of a stack, and calls this.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use confab_app::ports::Tokens;
use confab_credentials::tokens_jwt::JwtTokens;
use confab_domain::InviteId;
use confab_domain::invite::Invite;
use confab_lambda::{clock, random};

/// Longest secret that is read. Unit: bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Parser)]
#[command(about = "Makes an invite with the signing secret on stdin")]
struct Options {
    /// Accounts that can be created with the invite
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    uses: u32,
    /// Days after which the invite expires
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
}

fn main() -> ExitCode {
    match make(&Options::parse()).and_then(|code| Ok(writeln!(std::io::stdout(), "{code}")?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn make(options: &Options) -> anyhow::Result<String> {
    let mut secret = String::new();
    std::io::stdin().take(SECRET_BYTES_MAX).read_to_string(&mut secret).context("cannot read the secret")?;
    let tokens = JwtTokens::new(&secret)?;
    let now = clock::now();
    let id = InviteId::new(random::ulid(now)?);
    let expires_at = now.plus(Duration::from_secs(u64::from(options.days) * 24 * 3600));
    Ok(tokens.issue_invite(&Invite { id, uses: options.uses, expires_at }))
}
