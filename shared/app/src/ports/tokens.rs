//! Signed tokens.

use confab_domain::invite::Invite;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};

/// The user, device and login that a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// The login.
    pub family: FamilyId,
}

/// Claims of an access token, or of another credential of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The login that the token stands for.
    pub identity: Identity,
    /// The generation that the token belongs to; `None` for tickets and for tokens of earlier versions.
    pub generation: Option<u64>,
}

impl From<Identity> for AccessClaims {
    fn from(identity: Identity) -> Self {
        Self { identity, generation: None }
    }
}

/// Claims of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshClaims {
    /// The login that the token stands for.
    pub identity: Identity,
    /// The generation: how many refreshes of the login came before.
    pub generation: u64,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of this server, or one for another purpose.
    #[error("invalid token")]
    Invalid,
    /// A token of this server that has expired.
    #[error("expired token")]
    Expired,
}

/// Makes and checks tokens without any I/O.
///
/// A token that is made for one purpose is [`TokenError::Invalid`] for another.
pub trait Tokens: Send + Sync {
    /// Makes a token for the HTTP API, and returns it with its life. Unit: seconds.
    fn issue_access(&self, identity: Identity, generation: u64, now: Timestamp) -> (String, u64);

    /// Reads the claims of an access token. Does not check that its login is alive.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;

    /// Makes a token that renews a login.
    fn issue_refresh(&self, claims: RefreshClaims, now: Timestamp) -> String;

    /// Reads the claims of a refresh token. Does not check that it is of the current generation.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenError>;

    /// Makes a ticket, which opens WebSockets for a short while, and returns it with its life. Unit: seconds.
    fn issue_ticket(&self, identity: Identity, now: Timestamp) -> (String, u64);

    /// Reads the login that a ticket stands for.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_ticket(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError>;

    /// Makes a code by which users sign up.
    fn issue_invite(&self, invite: &Invite) -> String;

    /// Reads the invite of a code. Does not check how often it was used.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_invite(&self, code: &str, now: Timestamp) -> Result<Invite, TokenError>;
}
