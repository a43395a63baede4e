//! Signed tokens.

use confab_domain::invite::Invite;
use confab_domain::{DeviceId, FamilyId, Timestamp, UserId};

/// Who a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which user.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// By which login.
    pub family: FamilyId,
}

/// What an access token says, or what is known of the credential of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// Who it speaks for.
    pub identity: Identity,
    /// The generation of the tokens that it came with; `None` for tickets and for tokens of earlier versions.
    pub generation: Option<u64>,
}

impl From<Identity> for AccessClaims {
    fn from(identity: Identity) -> Self {
        Self { identity, generation: None }
    }
}

/// What a refresh token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Who it speaks for.
    pub identity: Identity,
    /// How many refreshes of the login came before it.
    pub generation: u64,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of ours, or made for something else.
    #[error("invalid token")]
    Invalid,
    /// One of ours, too old.
    #[error("expired token")]
    Expired,
}

/// Makes and checks tokens without any I/O.
///
/// A token that is made for one purpose is [`TokenError::Invalid`] for another.
pub trait Tokens: Send + Sync {
    /// A token for the HTTP API, and its life in seconds.
    fn issue_access(&self, identity: Identity, generation: u64, now: Timestamp) -> (String, u64);

    /// Who an access token speaks for. That its login still lives is not checked.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError>;

    /// A token that renews a login.
    fn issue_refresh(&self, claims: RefreshClaims, now: Timestamp) -> String;

    /// What a refresh token says. That it is the living one is not checked.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenError>;

    /// A token that opens WebSockets for a short while, and its life in seconds.
    fn issue_ticket(&self, identity: Identity, now: Timestamp) -> (String, u64);

    /// Who a ticket speaks for.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_ticket(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError>;

    /// A code that lets people sign up.
    fn issue_invite(&self, invite: &Invite) -> String;

    /// What a code says. How often it was used is not checked.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    fn verify_invite(&self, code: &str, now: Timestamp) -> Result<Invite, TokenError>;
}
