//! When who is online, as the chat under test promises it.

use std::time::Duration;

use crate::{DEADLINE, cloud, server};

/// How the runner of the tests, and any program whose presence a test watches, is started.
pub const FLAGS: [&str; 4] = ["--heartbeat-seconds", "1", "--presence-timeout-seconds", "5"];

/// Between the heartbeats of a device.
pub fn heartbeat() -> Duration {
    seconds("CONFAB_TEST_HEARTBEAT_SECONDS", 1, 30)
}

/// After which silence somebody is offline.
pub fn presence_timeout() -> Duration {
    seconds("CONFAB_TEST_PRESENCE_TIMEOUT_SECONDS", 5, 90)
}

/// Within which friends are told of somebody who connects, and of somebody who logs out.
pub fn notified_within() -> Duration {
    Duration::from_secs(1) + emulators_lateness()
}

/// How long a test waits for what must come. An emulator starts a process for each call that others are under way beside.
pub fn patience() -> Duration {
    if cloud::is_emulated() { DEADLINE * 4 } else { DEADLINE }
}

/// How much later an emulator on a busy machine may be, whose queues are polled about once a second.
fn emulators_lateness() -> Duration {
    if cloud::is_emulated() { Duration::from_secs(6) } else { Duration::ZERO }
}

/// After which silence whoever asks is told that somebody is offline: frames shortly after a renewal do not renew.
pub fn lease() -> Duration {
    presence_timeout() + Duration::from_secs(3)
}

/// From the last frame of somebody who is gone until their friends are told, at least.
pub fn offline_after() -> Duration {
    presence_timeout() - Duration::from_millis(500)
}

/// From the last frame of somebody who is gone until their friends are told, at most.
pub fn offline_within() -> Duration {
    presence_timeout() + Duration::from_secs(5) + emulators_lateness()
}

/// A setting of the server that `CONFAB_TEST_URL` names, or what the runner of the tests has.
#[expect(clippy::disallowed_methods, reason = "which server to test is the caller's to say")]
fn seconds(variable: &str, own: u64, deployed: u64) -> Duration {
    if server::named().is_none() {
        return Duration::from_secs(own);
    }
    let seconds = std::env::var(variable).map_or(deployed, |text| text.parse().expect("whole seconds"));
    Duration::from_secs(seconds)
}
