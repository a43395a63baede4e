//! The clock: the only place where functions read it.

use std::time::{SystemTime, UNIX_EPOCH};

use confab_domain::Timestamp;

/// The time now, by this machine's clock.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "glue reads the clock and hands it on")]
    let now = SystemTime::now();
    let ms = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Timestamp::from_ms(u64::try_from(ms).unwrap_or(u64::MAX))
}
