//! Numbers that nobody can guess, and that no two requests draw alike.

use confab_app::{Error, ports::StoreError};
use confab_domain::log::Attempt;
use confab_domain::{Timestamp, WatchId};
use ulid::Ulid;

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

/// The rest of an id that is drawn at `now`.
///
/// # Errors
///
/// [`StoreError::Unavailable`] where the system has no random numbers.
pub fn ulid(now: Timestamp) -> Result<Ulid, Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(failed)?;
    Ok(Ulid::from_parts(now.as_ms(), u128::from_ne_bytes(random)))
}

fn failed(error: getrandom::Error) -> Error {
    StoreError::Unavailable(error.to_string().into()).into()
}
