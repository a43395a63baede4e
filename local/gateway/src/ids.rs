//! Identifiers in the form of API Gateway's.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};

/// Draws a connection, request or message id: 15 characters and a `=`, such as `TWegAcC4EowCHnA=`. It is unique and
/// cannot be guessed: it has 88 random bits.
pub(crate) fn gateway_id() -> String {
    URL_SAFE.encode(random::<11>())
}

/// Draws an `X-Amzn-Trace-Id` for a request that arrived at `at_ms`.
pub(crate) fn trace_id(at_ms: u64) -> String {
    let seconds = at_ms / 1000;
    let [a, b, c, d, e, f, g, h, i, j, k, l] = random::<12>();
    let high = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let low = u64::from_be_bytes([0, 0, g, h, i, j, k, l]);
    format!("Root=1-{seconds:08x}-{high:012x}{low:012x}")
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes, or nothing works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_api_gateway_ids() {
        let id = gateway_id();
        assert_eq!((id.len(), id.find('=')), (16, Some(15)));
        assert_ne!(id, gateway_id());
    }
}
