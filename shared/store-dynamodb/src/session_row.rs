//! Session rows.
//!
//! Shape: `{user S, last_active_at_ms N, attended_at_ms N?, ends_at_ms N?, alone_since_ms N?, watch S?,
//! watched_until_ms N?, ended_by S?}` and the attributes of [`connections`]. A watch is sixteen hexadecimal digits. The
//! row also has the user's [`budgets`](crate::budgets). A row with nothing else belongs to a user who never connected,
//! and is no session.

use aws_sdk_dynamodb::types::AttributeValue;
use confab_app::ports::{Session, StoreError};
use confab_domain::lease::Lease;
use confab_domain::watch::Watch;
use confab_domain::{Presence, WatchId};

use crate::budgets::budgets;
use crate::connections;
use crate::item::{Item, Reader, text, time};
use crate::schema::USER;

pub(crate) const LAST_ACTIVE_AT_MS: &str = "last_active_at_ms";
pub(crate) const ENDS_AT_MS: &str = "ends_at_ms";
pub(crate) const ATTENDED_AT_MS: &str = "attended_at_ms";
const ALONE_SINCE_MS: &str = "alone_since_ms";
const WATCH: &str = "watch";
const WATCHED_UNTIL_MS: &str = "watched_until_ms";
const ENDED_BY: &str = "ended_by";

/// Presence of a row, by attribute; `None` is absent.
pub(crate) fn attributes(presence: &Presence) -> [(&'static str, Option<AttributeValue>); 7] {
    let Presence { lease, watch, ended_by } = presence;
    [
        (LAST_ACTIVE_AT_MS, Some(time(lease.renewed_at))),
        (ATTENDED_AT_MS, lease.attended_at.map(time)),
        (ENDS_AT_MS, lease.ends_at.map(time)),
        (ALONE_SINCE_MS, lease.alone_since.map(time)),
        (WATCH, watch.map(|watch| watch_id(watch.id))),
        (WATCHED_UNTIL_MS, watch.map(|watch| time(watch.until))),
        (ENDED_BY, ended_by.map(watch_id)),
    ]
}

fn watch_id(id: WatchId) -> AttributeValue {
    text(format_args!("{:016x}", id.0))
}

pub(crate) fn presence(reader: Reader<'_>) -> Result<Presence, StoreError> {
    let id = |name: &str| {
        let digits = reader.optional_text(name)?;
        let id = digits.map(|digits| u64::from_str_radix(digits, 16).map_err(|_| reader.malformed(name)));
        Ok::<_, StoreError>(id.transpose()?.map(WatchId))
    };
    let watch = match id(WATCH)? {
        None => None,
        Some(id) => Some(Watch { id, until: reader.time(WATCHED_UNTIL_MS)? }),
    };
    Ok(Presence {
        lease: Lease {
            renewed_at: reader.time(LAST_ACTIVE_AT_MS)?,
            attended_at: reader.optional_time(ATTENDED_AT_MS)?,
            ends_at: reader.optional_time(ENDS_AT_MS)?,
            alone_since: reader.optional_time(ALONE_SINCE_MS)?,
        },
        watch,
        ended_by: id(ENDED_BY)?,
    })
}

/// Session of a row; `None` for a row without presence, which has budgets only.
pub(crate) fn session(item: &Item) -> Result<Option<Session>, StoreError> {
    if !item.contains_key(LAST_ACTIVE_AT_MS) && item.contains_key(USER) {
        return Ok(None);
    }
    let reader = Reader::new("a session", item);
    let (connections, displaced) = connections::read(item)?;
    Ok(Some(Session {
        user: reader.parsed(USER)?,
        presence: presence(reader)?,
        connections,
        displaced,
        budgets: budgets(reader)?,
    }))
}

/// Session of a row in which a connection was opened.
pub(crate) fn opened(item: &Item) -> Result<Session, StoreError> {
    session(item)?.ok_or_else(|| StoreError::malformed("a session", "not returned"))
}
