//! Who may make an account.

use std::fmt;
use std::str::FromStr;

use crate::{InviteId, Timestamp};

/// Who may make an account.
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
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invite, Self::Closed];

    /// The name by which it is set.
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

/// A name of no [`SignupMode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be open, invite or closed")]
pub struct UnknownMode;

impl FromStr for SignupMode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(UnknownMode)
    }
}

/// A right to make accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Its uses are counted under this.
    pub id: InviteId,
    /// How many accounts can be made with it.
    pub uses: u32,
    /// When it ends. Counted in whole seconds.
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
