//! Numbers that nobody can guess, and that no two requests draw alike.

use confab_app::{Error, ports::StoreError};
use confab_domain::WatchId;
use confab_domain::log::Attempt;

/// Names an attempt to append.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where the system has no random numbers.
pub fn attempt() -> Result<Attempt, Error> {
    getrandom::u32().map(Attempt).map_err(failed)
}

/// Names a watch over a lease.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where the system has no random numbers.
pub fn watch() -> Result<WatchId, Error> {
    getrandom::u64().map(WatchId).map_err(failed)
}

/// Names whoever writes a row.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where the system has no random numbers.
pub fn writer() -> Result<u64, Error> {
    getrandom::u64().map_err(failed)
}

fn failed(error: getrandom::Error) -> Error {
    StoreError::Unavailable(error.to_string().into()).into()
}
