//! The server that tests share.

use std::sync::{OnceLock, mpsc};
use std::thread;

use clap::Parser;
use confab_local::{Runner, options::Options};

use crate::times;

/// The address of the chat under test: `CONFAB_TEST_URL`, or a runner in this process.
pub(crate) fn base_url() -> String {
    static RUNNER: OnceLock<String> = OnceLock::new();
    named().unwrap_or_else(|| RUNNER.get_or_init(start_runner).clone())
}

/// The server that `CONFAB_TEST_URL` names.
#[expect(clippy::disallowed_methods, reason = "which server to test is the caller's to say")]
pub(crate) fn named() -> Option<String> {
    std::env::var("CONFAB_TEST_URL").ok()
}

/// Starts a runner that lives as long as the process, on threads of its own.
fn start_runner() -> String {
    let (ready, base) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let program = ["confab", "--listen", "127.0.0.1:0", "--memory"];
            let options = Options::parse_from(program.into_iter().chain(times::FLAGS));
            let runner = Runner::start(&options).await.expect("a runner");
            ready.send(format!("http://{}", runner.local_addr())).unwrap();
            runner.serve(std::future::pending()).await;
        });
    });
    base.recv().expect("a runner")
}
