//! `confab`: the local runner's command line.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use confab_local::environment::{self, LOG};
use confab_local::{Runner, log, options::Options};
use tokio::signal::unix::{SignalKind, signal};

/// Returns memory to the system after a burst; glibc's allocator hardly does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code for wrong settings, the same as for wrong flags.
const BAD_SETTINGS: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if let Err(error) = environment::get(LOG).and_then(|filter| log::init(filter.as_deref())) {
        print_error(&format!("error: {LOG}: {error:#}"));
        return ExitCode::from(BAD_SETTINGS);
    }
    for warning in options.warnings().into_iter().chain(environment::warnings(environment::names())) {
        print_error(&format!("warning: {warning}"));
    }
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&format!("error: {error:#}"));
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

/// Writes a line to stderr, and ignores failures.
fn print_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn greet(options: &Options, addr: SocketAddr) {
    let data = if options.memory {
        "is kept in memory only, and lost when this process ends.".to_owned()
    } else {
        format!("is in {}; remove it to begin anew.", options.data.display())
    };
    let page = match &options.public_url {
        Some(url) => url.to_string(),
        None => format!("http://{addr}"),
    };
    say(&format!(
        "Confab is running on this machine.

  Open      {page} in two browser windows, sign up in both, and chat.
  HTTP API  {page}/v1/openapi.json describes it.
  Data      {data}
  Stop      with Ctrl-C.

CONFAB_READY http=http://{addr} ws=ws://{addr}/ws
"
    ));
}

/// Writes to stdout, and ignores failures.
fn say(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}
