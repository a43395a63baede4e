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

/// How what was typed matches a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordMatch {
    /// It is the password.
    Same,
    /// It is what an earlier version hashed as it was typed; a new hash would take the form of today.
    AsTyped,
    /// It is another.
    None,
}

/// Makes and checks password hashes, off the async threads and a bounded number at a time.
pub trait Passwords: Send + Sync {
    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where hashing itself fails.
    fn hash(&self, password: &Password) -> impl Future<Output = Result<PasswordHash, StoreError>> + Send;

    /// Whether what was typed is the password that was hashed.
    ///
    /// Takes as long without a hash, and is [`PasswordMatch::None`] then: so that a handle that
    /// nobody has cannot be told from a wrong password by the time it takes.
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
