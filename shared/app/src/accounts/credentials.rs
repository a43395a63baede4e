//! Checking a password, with limits against guessing.

use std::time::Duration;

use confab_domain::Timestamp;
use confab_domain::account::{Handle, TypedPassword};
use confab_domain::rate::Rate;
use futures_util::future::try_join;

use crate::ports::{Account, PasswordMatch, PasswordReplacement, Passwords, RateLimits, Users};
use crate::{Error, chain};

/// Rates of signups and of password tries.
#[derive(Clone, Copy, Debug)]
pub struct AuthRates {
    /// Signups per source address, and separately as many password tries.
    pub per_source: Rate,
    /// Wrong passwords per handle and source address.
    pub per_handle: Rate,
    /// Concurrent tries per handle and source address.
    pub concurrent_per_handle: Rate,
}

/// Wrong passwords per handle, from all addresses together; beyond this, each address is slowed down.
const FAILED_ANYWHERE: Rate = Rate { burst: 100, interval: Duration::from_secs(6) };

/// Wrong passwords per handle and address while the handle is slowed down. A user who knows the password still gets
/// in with the first try.
const FAILED_WHEN_SLOWED: Rate = Rate { burst: 1, interval: Duration::from_secs(60) };

/// Takes a try from the bucket of a source address.
///
/// # Errors
///
/// [`Error::Refused`] where there are too many; [`Error::Store`].
pub(crate) async fn take_try(
    store: &impl RateLimits,
    (rates, source): (AuthRates, &str),
    now: Timestamp,
) -> Result<(), Error> {
    Ok(store.take(&format!("login#{source}"), rates.per_source, now).await??)
}

/// Returns the account of a handle if the typed password is right; renews a hash of an earlier version.
///
/// Failures are counted per handle and source address, so that nobody elsewhere can keep a user out.
///
/// # Errors
///
/// [`Error::Refused`] for too many tries of the handle; [`Error::Store`].
pub(crate) async fn check_password(
    store: &(impl Users + RateLimits),
    passwords: &impl Passwords,
    (rates, source): (AuthRates, &str),
    handle: &Handle,
    typed: &TypedPassword,
    now: Timestamp,
) -> Result<Option<Account>, Error> {
    let failures = Failures {
        here: format!("failed-logins#{handle}#{source}"),
        slowed: format!("failed-logins-slowed#{handle}#{source}"),
        anywhere: format!("failed-logins#{handle}"),
        rate: rates.per_handle,
    };
    failures.check(store, now).await?;
    // Limits the concurrent guesses that the check above lets through together.
    let tries = format!("tries#{handle}#{source}");
    store.take(&tries, rates.concurrent_per_handle, now).await??;
    let account = store.user_by_handle(handle).await?;
    let found = passwords.verify(typed, account.as_ref().map(|account| &account.password_hash)).await?;
    let Some(account) = account.filter(|_| found != PasswordMatch::None) else {
        failures.count(store, now).await?;
        return Ok(None);
    };
    if found == PasswordMatch::AsTyped {
        renew(store, passwords, &account, typed).await;
    }
    try_join(store.refill(&failures.here), store.refill(&tries)).await?;
    Ok(Some(account))
}

/// Hashes the same password in today's form. Best effort: after a failure, the next login does it.
async fn renew(store: &impl Users, passwords: &impl Passwords, account: &Account, typed: &TypedPassword) {
    // A password that today's rules do not accept keeps its hash, as it was typed.
    let Some(password) = &typed.password else { return };
    let renewal = async {
        let hash = passwords.hash(password).await?;
        let seen = PasswordReplacement::Renewed(account.password_hash.clone());
        store.replace_password(account.profile.user, &seen, &hash).await
    };
    if let Err(error) = renewal.await {
        tracing::warn!(event = "password_renewal_failed", error = chain(&error));
    }
}

/// Buckets of failed logins for one handle.
struct Failures {
    /// From this address.
    here: String,
    /// From this address, while the handle has too many failures from everywhere.
    slowed: String,
    /// From everywhere.
    anywhere: String,
    /// Rate of `here`.
    rate: Rate,
}

impl Failures {
    async fn check(&self, store: &impl RateLimits, now: Timestamp) -> Result<(), Error> {
        let here = store.check(&self.here, self.rate, now);
        let anywhere = store.check(&self.anywhere, FAILED_ANYWHERE, now);
        let (here, anywhere) = try_join(here, anywhere).await?;
        here?;
        if anywhere.is_err() {
            store.check(&self.slowed, FAILED_WHEN_SLOWED, now).await??;
        }
        Ok(())
    }

    /// Counts a wrong password. It is wrong in any case, so it does not matter whether it was within the limits.
    async fn count(&self, store: &impl RateLimits, now: Timestamp) -> Result<(), Error> {
        let here = store.take(&self.here, self.rate, now);
        let anywhere = store.take(&self.anywhere, FAILED_ANYWHERE, now);
        let (_, anywhere) = try_join(here, anywhere).await?;
        if anywhere.is_err() {
            let _ = store.take(&self.slowed, FAILED_WHEN_SLOWED, now).await?;
        }
        Ok(())
    }
}
