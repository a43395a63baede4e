//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use confab_domain::invite::SignupMode;
use confab_domain::lease::{HeartbeatPolicy, TIMEOUT_MAX};

use crate::addresses::{AllowedOrigin, Listen, PublicUrl};

/// Default interval of heartbeats. Unit: seconds.
const HEARTBEAT_SECONDS: u64 = 10;

/// Confab on this machine: web page, HTTP API, WebSocket gateway, all functions
/// and their stores, in one process.
#[derive(Clone, Debug, Parser)]
#[command(name = "confab", version)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: Listen,

    /// Address that clients use and tickets name, such as `https://chat.example` of a tunnel.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Pages that may call the HTTP API, such as `https://app.example`; may be repeated. Default: any.
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<AllowedOrigin>,

    /// Where to keep data; it survives a restart, and a `kill -9`.
    #[arg(long, value_name = "DIR", default_value = ".confab", conflicts_with = "memory")]
    pub data: PathBuf,

    /// Keep nothing on disk.
    #[arg(long)]
    pub memory: bool,

    /// Who may sign up: `open` to everybody, by `invite` (`cargo xtask invite` makes one), or `closed`.
    #[arg(long, value_name = "MODE", default_value_t = SignupMode::Open)]
    pub signup: SignupMode,

    /// Seconds between the heartbeats of a client; at most half the timeout, rounded up.
    #[arg(long, value_name = "N", default_value_t = HEARTBEAT_SECONDS, value_parser = clap::value_parser!(u64).range(1..=480))]
    pub heartbeat_seconds: u64,

    /// Seconds without a frame after which a user is offline.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=TIMEOUT_MAX.as_secs()))]
    pub presence_timeout_seconds: u64,

    /// Days that a message is kept; 0 keeps it for ever.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=36500))]
    pub retention_days: u32,
}

impl Options {
    /// The interval that clients get: the requested one, or half the timeout if that is shorter, since everybody would
    /// be offline between two heartbeats.
    pub fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_seconds.min(self.presence_timeout_seconds.div_ceil(2)))
    }

    /// Warnings about options that do not hold as they were given, for people.
    pub fn warnings(&self) -> Vec<String> {
        let (interval, requested) = (self.heartbeat().as_secs(), self.heartbeat_seconds);
        let is_shortened = interval < requested && requested != HEARTBEAT_SECONDS;
        let shortened = || {
            format!(
                "clients get a heartbeat of {interval} s and not of {requested} s, half of --presence-timeout-seconds: \
                 otherwise everybody would be offline between two heartbeats"
            )
        };
        is_shortened.then(shortened).into_iter().collect()
    }

    pub(crate) fn heartbeat_policy(&self) -> HeartbeatPolicy {
        HeartbeatPolicy {
            interval: self.heartbeat(),
            timeout: Duration::from_secs(self.presence_timeout_seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(flags: &[&str], expected_seconds: u64) {
        let options = Options::parse_from([&["confab"], flags].concat());
        assert_eq!(options.heartbeat(), Duration::from_secs(expected_seconds));
    }

    #[test]
    fn heartbeats_fit_into_the_timeout() {
        check(&[], 10);
        check(&["--heartbeat-seconds", "1", "--presence-timeout-seconds", "5"], 1);
        check(&["--presence-timeout-seconds", "5"], 3);
        check(&["--presence-timeout-seconds", "1"], 1);
    }
}
