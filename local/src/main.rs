//! `confab`: the local runner's command line.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use confab_local::{Runner, options::Options};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Gives memory back after a burst, which glibc's allocator hardly does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
            say("Confab stops: finishing what is in flight and closing sockets.\n");
        })
        .await;
    Ok(())
}

fn greet(options: &Options, addr: SocketAddr) {
    let data = if options.memory {
        "is kept in memory only, and gone when this process ends.".to_owned()
    } else {
        format!("is in {}; remove it to begin anew.", options.data.display())
    };
    say(&format!(
        "Confab is running on this machine.

  Open      http://{addr} in two browser windows, sign up in both, and chat.
  HTTP API  http://{addr}/v1/openapi.json describes it.
  Data      {data}
  Stop      with Ctrl-C.

CONFAB_READY http=http://{addr} ws=ws://{addr}/ws
"
    ));
}

/// Writes to stdout, whether or not anybody reads it.
fn say(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}
