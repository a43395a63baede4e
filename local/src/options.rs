//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Confab on this machine: web page, HTTP API, WebSocket gateway, all functions
/// and their stores, in one process.
#[derive(Clone, Debug, Parser)]
#[command(name = "confab", version)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where to keep data; it survives a restart, and a `kill -9`.
    #[arg(long, value_name = "DIR", default_value = ".confab", conflicts_with = "memory")]
    pub data: PathBuf,

    /// Keep nothing on disk.
    #[arg(long)]
    pub memory: bool,

    /// How often clients are told to send a heartbeat.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=480))]
    pub heartbeat_seconds: u64,

    /// Silence after which a user is offline.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub presence_timeout_seconds: u64,

    /// Days that a message is kept; 0 keeps it for ever.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=36500))]
    pub retention_days: u32,
}

impl Options {
    /// What is wrong with the flags together, for people.
    ///
    /// # Errors
    ///
    /// A sentence that names both flags.
    pub fn check(&self) -> Result<(), String> {
        if self.presence_timeout_seconds < self.heartbeat_seconds {
            return Err("--presence-timeout-seconds must be at least --heartbeat-seconds, \
                        or every user is offline between two heartbeats"
                .to_owned());
        }
        Ok(())
    }
}
