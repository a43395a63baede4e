//! The cloud of the chat under test.

use std::time::Duration;

/// The deployment of the chat under test: `CONFAB_TEST_CLOUD`, such as `ministack`; none for a local runner.
#[expect(clippy::disallowed_methods, reason = "which server to test is the caller's to say")]
fn cloud() -> Option<String> {
    std::env::var("CONFAB_TEST_CLOUD").ok()
}

/// Whether to skip a check because MiniStack differs from API Gateway, with the `difference` printed.
pub fn ministack_differs(difference: &str) -> bool {
    let differs = cloud().is_some_and(|cloud| cloud == "ministack");
    if differs {
        eprintln!("left out, since MiniStack {difference}");
    }
    differs
}

/// Whether a gateway that is not ours answers requests for which the template has no route.
pub fn gateway_answers_for_itself() -> bool {
    cloud().is_some()
}

/// Whether to skip a check because a deployed chat has no routes for developers.
pub fn is_deployed() -> bool {
    let deployed = cloud().is_some();
    if deployed {
        eprintln!("left out, since a deployed chat has no routes for developers");
    }
    deployed
}

/// Whether to skip a check that needs many users, since a deployed chat allows few signups in a row.
pub fn signups_are_slow() -> bool {
    let slow = cloud().is_some();
    if slow {
        eprintln!("left out, since few people sign up at once where Confab is deployed");
    }
    slow
}

/// Whether the chat under test runs on an emulated cloud.
pub(crate) fn is_emulated() -> bool {
    cloud().is_some_and(|cloud| cloud == "ministack")
}

/// The pauses before each retry of a request whose outcome a deployed chat leaves unknown; none for a local runner.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    const TRIES_MAX: u32 = 6;
    let tries = if cloud().is_some() { TRIES_MAX - 1 } else { 0 };
    (0..tries).map(|tried| Duration::from_millis(200) * 2_u32.pow(tried))
}
