//! Ids of messages, endpoints and requests: random UUIDs, as on AWS.

/// Draws an id.
///
/// # Errors
///
/// If the system has no random numbers.
pub(crate) fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    // Version 4, variant 1. Source: RFC 9562, section 5.4.
    let bits = u128::from_be_bytes(bytes) & !(0xf000_u128 << 64) & !(0xc000_u128 << 48)
        | 0x4000_u128 << 64
        | 0x8000_u128 << 48;
    let digits = format!("{bits:032x}");
    Ok([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_random_uuid() {
        let id = random().unwrap();
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert_ne!(id, random().unwrap());
    }
}
