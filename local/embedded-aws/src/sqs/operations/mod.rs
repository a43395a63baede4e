//! The actions of SQS, from a request to an answer.

mod batch;
pub(super) mod messages;
pub(super) mod moves;
pub(super) mod queues;
pub(super) mod receive;

use std::ops::RangeInclusive;

use super::refusal::Refusal;
use crate::clock::Ms;

/// Time and region of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) now: Ms,
    pub(super) region: &'a str,
}

/// Name of a queue: the part of its URL after the last slash.
fn name_in(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

/// Checks a number.
///
/// # Errors
///
/// [`Refusal`] for a number that is given and out of bounds.
fn within(name: &str, number: Option<i64>, bounds: RangeInclusive<u32>) -> Result<Option<u32>, Refusal> {
    let Some(number) = number else { return Ok(None) };
    let number = u32::try_from(number).ok().filter(|number| bounds.contains(number));
    let reason = || format!("Must be between {} and {}, if provided.", bounds.start(), bounds.end());
    number.ok_or_else(|| Refusal::parameter(name, &reason())).map(Some)
}
