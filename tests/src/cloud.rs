//! Which cloud the chat under test is on.

use std::time::Duration;

/// Where the chat under test is deployed: `CONFAB_TEST_CLOUD`, such as `ministack`; nothing for a local runner.
#[expect(clippy::disallowed_methods, reason = "which server to test is the caller's to say")]
fn cloud() -> Option<String> {
    std::env::var("CONFAB_TEST_CLOUD").ok()
}

/// Whether a check is to be left out because MiniStack does otherwise than API Gateway, as `difference` tells.
pub fn ministack_differs(difference: &str) -> bool {
    let differs = cloud().is_some_and(|cloud| cloud == "ministack");
    if differs {
        eprintln!("left out, since MiniStack {difference}");
    }
    differs
}

/// Whether a gateway that is not ours answers what the template names no route for, AWS's and MiniStack's alike.
pub fn gateway_answers_for_itself() -> bool {
    cloud().is_some()
}

/// Whether a check is to be left out, since a deployed chat has no page for developers.
pub fn is_deployed() -> bool {
    let deployed = cloud().is_some();
    if deployed {
        eprintln!("left out, since a deployed chat has no page for developers");
    }
    deployed
}

/// Whether a check that needs a crowd is to be left out, since a deployed chat lets few sign up at once.
pub fn signups_are_slow() -> bool {
    let slow = cloud().is_some();
    if slow {
        eprintln!("left out, since few people sign up at once where Confab is deployed");
    }
    slow
}

/// Whether the chat under test is on an emulator of a cloud.
pub(crate) fn is_emulated() -> bool {
    cloud().is_some_and(|cloud| cloud == "ministack")
}

/// The pauses before each further try at a request whose outcome a deployed chat leaves open; none for a local runner.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    const TRIES_MAX: u32 = 6;
    let tries = if cloud().is_some() { TRIES_MAX - 1 } else { 0 };
    (0..tries).map(|tried| Duration::from_millis(200) * 2_u32.pow(tried))
}
