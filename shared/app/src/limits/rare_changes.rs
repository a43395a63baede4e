//! Rate limits of rare changes, which others notice.

use std::time::Duration;

use confab_domain::rate::Rate;
use confab_domain::{Timestamp, UserId};

use crate::Error;
use crate::ports::RateLimits;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Rates of each kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeRates {
    /// Contacts and blocks.
    pub contacts: Rate,
    /// The same, towards one other user.
    pub contacts_per_person: Rate,
    /// The user's own profile.
    pub profile: Rate,
    /// New groups.
    pub groups: Rate,
}

impl ChangeRates {
    /// The rates of the local runner.
    pub const LOCAL: Self = Self::new(60, 10, 20, 1_000);

    /// Allows bursts of so many changes, and as many per hour; of groups, per day.
    pub const fn new(contacts: u32, contacts_per_person: u32, profile: u32, groups: u32) -> Self {
        Self {
            contacts: spread(contacts, HOUR),
            contacts_per_person: spread(contacts_per_person, HOUR),
            profile: spread(profile, HOUR),
            groups: spread(groups, DAY),
        }
    }
}

const fn spread(count: u32, over: Duration) -> Rate {
    let burst = if count == 0 { 1 } else { count };
    let interval = match over.checked_div(burst) {
        Some(interval) => interval,
        None => over,
    };
    Rate { burst, interval }
}

/// A change whose rate is kept in the table of token buckets: the change writes to a table anyway, and hours outlive
/// a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RareChange {
    /// Of the relation to this other user: friend or blocked.
    Contact(UserId),
    /// Of the user's own profile.
    Profile,
    /// A new group.
    Group,
}

/// Takes one change from a user's bucket.
///
/// # Errors
///
/// [`Error::Refused`] for too many; [`Error::Store`].
pub async fn take_change(
    limits: &impl RateLimits,
    rates: &ChangeRates,
    user: UserId,
    change: RareChange,
    now: Timestamp,
) -> Result<(), Error> {
    match change {
        RareChange::Contact(other) => {
            let (all, towards) = (format!("contacts#{user}"), format!("contacts#{user}#{other}"));
            // One after the other: a refusal for this other user takes nothing from the changes for others.
            limits.take(&towards, rates.contacts_per_person, now).await??;
            limits.take(&all, rates.contacts, now).await??;
        }
        RareChange::Profile => limits.take(&format!("profile#{user}"), rates.profile, now).await??,
        RareChange::Group => limits.take(&format!("groups#{user}"), rates.groups, now).await??,
    }
    Ok(())
}
