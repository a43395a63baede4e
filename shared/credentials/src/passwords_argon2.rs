//! Password hashing with Argon2id.
//!
//! Knows: the algorithm, its cost, and the threads it runs on.
//! Must not know: accounts, or where hashes are kept.

use argon2::password_hash::phc::PasswordHash as PhcHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use confab_app::ports::{PasswordHash, PasswordMatch, Passwords, StoreError};
use confab_domain::account::{Password, TypedPassword};
use tokio::sync::Semaphore;

/// Memory of one hash. Unit: KiB.
///
/// With [`PASSES`] it is one of the equally strong settings that OWASP recommends, and the one that needs the least
/// memory: a function of 256 MB has room for many hashes.
/// Source: OWASP Password Storage Cheat Sheet, "Argon2id" (m=7 MiB, t=5, p=1).
const MEMORY_KIB: u32 = 7 * 1024;
/// Number of passes: see [`MEMORY_KIB`].
const PASSES: u32 = 5;
const PARALLELISM: u32 = 1;

const SALT_BYTES: usize = 16;

/// Hashes passwords on blocking threads, a bounded number at a time.
#[derive(Debug)]
pub struct Argon2Passwords {
    slots: Semaphore,
}

impl Argon2Passwords {
    /// Computes at most `concurrent_max` hashes at a time; further ones wait.
    pub fn new(concurrent_max: usize) -> Self {
        Self { slots: Semaphore::new(concurrent_max.max(1)) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _slot = self.slots.acquire().await.map_err(failed)?;
        tokio::task::spawn_blocking(work).await.map_err(failed)?
    }
}

impl Passwords for Argon2Passwords {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, StoreError> {
        let password = password.clone();
        self.run(move || hash(&password)).await
    }

    async fn verify(
        &self,
        typed: &TypedPassword,
        hash: Option<&PasswordHash>,
    ) -> Result<PasswordMatch, StoreError> {
        let TypedPassword { password, as_typed } = typed.clone();
        let tries = [(password, PasswordMatch::Same), (as_typed, PasswordMatch::AsTyped)];
        for (password, found) in tries {
            let Some(password) = password else { continue };
            if self.is_right(password, hash.cloned()).await? {
                return Ok(found);
            }
        }
        Ok(PasswordMatch::None)
    }
}

impl Argon2Passwords {
    async fn is_right(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, StoreError> {
        let Some(stored) = hash else {
            self.run(move || self::hash(&password)).await?;
            return Ok(false);
        };
        self.run(move || {
            let stored = PhcHash::new(&stored.0)
                .map_err(|error| StoreError::malformed("a password hash", error.to_string()))?;
            Ok(Argon2::default().verify_password(password.reveal().as_bytes(), &stored).is_ok())
        })
        .await
    }
}

fn hash(password: &Password) -> Result<PasswordHash, StoreError> {
    let params = Params::new(MEMORY_KIB, PASSES, PARALLELISM, None).map_err(failed)?;
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PhcHash =
        argon2.hash_password_with_salt(password.reveal().as_bytes(), &salt).map_err(failed)?;
    Ok(PasswordHash(hash.to_string()))
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse("password", text).unwrap()
    }

    async fn verified(text: &str, hash: Option<&PasswordHash>) -> PasswordMatch {
        let typed = TypedPassword::parse(text).unwrap();
        Argon2Passwords::new(1).verify(&typed, hash).await.unwrap()
    }

    #[tokio::test]
    async fn only_the_password_that_was_hashed_is_right() {
        let hash = Argon2Passwords::new(1).hash(&password("correct horse")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
        assert_eq!(verified("correct horse", Some(&hash)).await, PasswordMatch::Same);
        assert_eq!(verified("wrong horse", Some(&hash)).await, PasswordMatch::None);
        assert_eq!(verified("correct horse", None).await, PasswordMatch::None);
    }

    #[tokio::test]
    async fn a_password_is_right_in_every_form_that_looks_the_same() {
        let hash = Argon2Passwords::new(1).hash(&password("caf\u{e9} cr\u{e8}me")).await.unwrap();
        for text in ["caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me", "caf\u{e9}\u{a0}cr\u{e8}me"] {
            assert_eq!(verified(text, Some(&hash)).await, PasswordMatch::Same, "{text:?}");
        }
        assert_eq!(verified("Caf\u{e9} cr\u{e8}me", Some(&hash)).await, PasswordMatch::None);
    }

    #[tokio::test]
    async fn a_password_that_was_hashed_as_typed_is_right_as_typed() {
        for text in ["cafe\u{301} cre\u{300}me", "caf\u{e9}\u{a0}cr\u{e8}me", "with a\ttab"] {
            let as_typed = TypedPassword::parse(text).unwrap().as_typed.unwrap();
            let hash = Argon2Passwords::new(1).hash(&as_typed).await.unwrap();
            assert_eq!(verified(text, Some(&hash)).await, PasswordMatch::AsTyped, "{text:?}");
            assert_eq!(verified("caf\u{e9} cr\u{e8}me", Some(&hash)).await, PasswordMatch::None, "{text:?}");
        }
    }

    #[tokio::test]
    async fn the_same_password_is_hashed_differently_each_time() {
        let passwords = Argon2Passwords::new(2);
        let (one, other) = (password("correct horse"), password("correct horse"));
        assert_ne!(passwords.hash(&one).await.unwrap(), passwords.hash(&other).await.unwrap());
    }
}
