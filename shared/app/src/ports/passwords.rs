//! Password hashing.

use std::fmt;
use std::future::Future;

use confab_domain::account::{Password, TypedPassword};

use super::StoreError;

/// A salted hash in the PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How a typed password matches a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordMatch {
    /// The typed password is the one that was hashed.
    Same,
    /// The typed password is the one that was hashed, by an earlier version, which hashed passwords as they were
    /// typed. A new hash would be of the form in which passwords are set now.
    AsTyped,
    /// The typed password is another.
    None,
}

/// Makes and checks password hashes, off the async threads, with a concurrency limit.
pub trait Passwords: Send + Sync {
    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where hashing itself fails.
    fn hash(&self, password: &Password) -> impl Future<Output = Result<PasswordHash, StoreError>> + Send;

    /// Checks a typed password against a hash.
    ///
    /// Takes as long without a hash, and then returns [`PasswordMatch::None`]. So the time that a login takes does
    /// not show whether a handle exists.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where hashing itself fails.
    fn verify(
        &self,
        typed: &TypedPassword,
        hash: Option<&PasswordHash>,
    ) -> impl Future<Output = Result<PasswordMatch, StoreError>> + Send;
}
