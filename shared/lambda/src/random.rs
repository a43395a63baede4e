//! Random numbers: unpredictable, and different for each request.

use confab_app::{Error, ports::StoreError};
use confab_domain::log::Attempt;
use confab_domain::{Timestamp, WatchId};
use ulid::Ulid;

/// Draws the name of an attempt to append.
///
/// # Errors
///
/// [`StoreError::Unavailable`] if the system has no random numbers.
pub fn attempt() -> Result<Attempt, Error> {
    getrandom::u32().map(Attempt).map_err(failed)
}

/// Draws the name of a watch over a lease.
///
/// # Errors
///
/// [`StoreError::Unavailable`] if the system has no random numbers.
pub fn watch() -> Result<WatchId, Error> {
    getrandom::u64().map(WatchId).map_err(failed)
}

/// Draws the name of a writer of a row.
///
/// # Errors
///
/// [`StoreError::Unavailable`] if the system has no random numbers.
pub fn writer() -> Result<u64, Error> {
    getrandom::u64().map_err(failed)
}

/// Draws the part of an id after its prefix, for an id of the time `now`.
///
/// # Errors
///
/// [`StoreError::Unavailable`] if the system has no random numbers.
pub fn ulid(now: Timestamp) -> Result<Ulid, Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(failed)?;
    Ok(Ulid::from_parts(now.as_ms(), u128::from_ne_bytes(random)))
}

fn failed(error: getrandom::Error) -> Error {
    StoreError::Unavailable(error.to_string().into()).into()
}
