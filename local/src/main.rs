//! `confab`: the local runner's command line.

#![allow(clippy::print_stdout, reason = "this is what its user reads")]

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use confab_local::{Runner, options::Options};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            EnvFilter::builder().with_env_var("CONFAB_LOG").try_from_env().unwrap_or_else(|_| "warn".into()),
        )
        .init();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let runner = Runner::start(options).await?;
    greet(options, runner.local_addr());
    runner
        .serve(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            println!("Confab stops: finishing what is in flight and closing sockets.");
        })
        .await;
    Ok(())
}

fn greet(options: &Options, addr: SocketAddr) {
    println!("Confab is running on this machine.");
    println!();
    println!("  Open      http://{addr} in two browser windows, sign up in both, and chat.");
    println!("  HTTP API  http://{addr}/v1/openapi.json describes it.");
    if options.memory {
        println!("  Data      is kept in memory only, and gone when this process ends.");
    } else {
        println!("  Data      is in {}; remove it to begin anew.", options.data.display());
    }
    println!("  Stop      with Ctrl-C.");
    println!();
    println!("CONFAB_READY http=http://{addr} ws=ws://{addr}/ws");
    let _ = std::io::stdout().flush();
}
