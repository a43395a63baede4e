//! The `Authorization` header.

/// The token of a `Bearer` credential; the scheme's case does not matter.
///
/// Source: RFC 9110, "Authentication Scheme"; RFC 6750, "Authorization Request Header Field".
pub fn token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn only_a_bearer_credential_holds_a_token() {
        assert_eq!(token("Bearer abc"), Some("abc"));
        assert_eq!(token("bearer  abc"), Some("abc"));
        assert_eq!(token("Basic abc"), None);
        assert_eq!(token("Bearer"), None);
    }
}
