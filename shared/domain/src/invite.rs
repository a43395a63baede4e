//! Signup: modes and invites.

use std::fmt;
use std::str::FromStr;

use crate::{InviteId, Timestamp};

/// Setting for who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignupMode {
    /// Everybody.
    #[default]
    Open,
    /// Everybody with an invite.
    Invite,
    /// Nobody.
    Closed,
}

impl SignupMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invite, Self::Closed];

    /// The name of the mode in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for SignupMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Error for a text that names no [`SignupMode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be open, invite or closed")]
pub struct UnknownMode;

impl FromStr for SignupMode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(UnknownMode)
    }
}

/// An invite: a right to make accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Id under which the uses are counted.
    pub id: InviteId,
    /// Number of accounts that the invite allows.
    pub uses: u32,
    /// End of the invite. Whole seconds.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_by_its_name() {
        for mode in SignupMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        for text in ["", "Open", "invites", "open "] {
            assert_eq!(text.parse::<SignupMode>(), Err(UnknownMode));
        }
    }
}
