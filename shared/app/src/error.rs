//! Errors of use cases.

use confab_domain::Refusal;
use confab_protocol::server::ClosingReason;

use crate::ports::{StoreError, TokenError};

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller is at fault; nothing was stored.
    #[error("refused")]
    Refused(#[from] Refusal),
    /// The frame's connection may not act any more; nothing was done.
    #[error("the connection has ended: {}", .0.as_str())]
    ConnectionEnded(ClosingReason),
    /// Too many concurrent changes of the same log, group, pair or row. A concurrent retry may have made the change;
    /// the same call again finds out.
    #[error("too many concurrent changes")]
    Contended,
    /// A store failed; the outcome may be unknown.
    #[error("a store failed")]
    Store(#[from] StoreError),
    /// A fault of ours outside the stores.
    #[error("{0}")]
    Internal(&'static str),
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        Self::Refused(Refusal::Unauthenticated(match error {
            TokenError::Invalid => "this token is not valid",
            TokenError::Expired => "this token has expired",
        }))
    }
}

/// Formats an error with its causes for a log: the JSON format of logs on Lambda keeps only the outermost.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_logged_with_its_causes() {
        let error = Error::Store(StoreError::Unavailable("timed out".into()));
        assert_eq!(chain(&error), "a store failed: the store is unavailable: timed out");
    }
}
