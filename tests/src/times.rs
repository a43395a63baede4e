//! Times of presence that the chat under test guarantees.

use std::time::Duration;

use crate::{DEADLINE, cloud, server};

/// Flags of the runner of the tests, and of any program whose presence a test checks.
pub const FLAGS: [&str; 4] = ["--heartbeat-seconds", "1", "--presence-timeout-seconds", "5"];

/// Heartbeat interval of a device.
pub fn heartbeat() -> Duration {
    seconds("CONFAB_TEST_HEARTBEAT_SECONDS", 1, 30)
}

/// Time without a frame after which a user is offline.
pub fn presence_timeout() -> Duration {
    seconds("CONFAB_TEST_PRESENCE_TIMEOUT_SECONDS", 5, 90)
}

/// Time within which friends are notified of a user who connects, and of one who logs out.
pub fn notified_within() -> Duration {
    Duration::from_secs(1) + emulators_lateness()
}

/// How long a test waits for an event. An emulator starts a process for each call that runs beside others.
pub fn patience() -> Duration {
    if cloud::is_emulated() { DEADLINE * 4 } else { DEADLINE }
}

/// Extra time for an emulator on a busy machine, whose queues are polled about once a second.
fn emulators_lateness() -> Duration {
    if cloud::is_emulated() { Duration::from_secs(6) } else { Duration::ZERO }
}

/// Time without a frame after which a query answers offline: a frame shortly after a renewal does not renew.
pub fn lease() -> Duration {
    presence_timeout() + Duration::from_secs(3)
}

/// Shortest time from the last frame of a user to the notification of their friends.
pub fn offline_after() -> Duration {
    presence_timeout() - Duration::from_millis(500)
}

/// Longest time from the last frame of a user to the notification of their friends.
pub fn offline_within() -> Duration {
    presence_timeout() + Duration::from_secs(5) + emulators_lateness()
}

/// A setting of the server that `CONFAB_TEST_URL` names, or of the runner of the tests.
#[expect(clippy::disallowed_methods, reason = "which server to test is the caller's to say")]
fn seconds(variable: &str, own: u64, deployed: u64) -> Duration {
    if server::named().is_none() {
        return Duration::from_secs(own);
    }
    let seconds = std::env::var(variable).map_or(deployed, |text| text.parse().expect("whole seconds"));
    Duration::from_secs(seconds)
}
