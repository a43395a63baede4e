//! Password hashing.

use std::fmt;
use std::future::Future;

use confab_domain::account::Password;

use super::StoreError;

/// A salted hash in the PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Makes and checks password hashes, off the async threads and a bounded number at a time.
pub trait Passwords {
    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where hashing itself fails.
    fn hash(&self, password: &Password) -> impl Future<Output = Result<PasswordHash, StoreError>> + Send;

    /// Whether the password is the one that was hashed.
    ///
    /// Takes as long without a hash, and is false then: so that a handle that
    /// nobody has cannot be told from a wrong password by the time it takes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where hashing itself fails.
    fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
