//! Claims in an inbox row.
//!
//! Shape: `{claims L<B>, claimed_at L<B>, claimed_by N?}`: two windows of [`REMEMBERED`] places that move on together,
//! the oldest claim first. `claims` has five bytes of a hash of each key, `claimed_at` the time of each claim, and
//! `claimed_by` the attempt that made the last claim. Free places hold a filler and lie before the claims. A free place
//! of a released claim keeps the time of the claim.
//!
//! A claim of a new key is one update without a read: it appends to both windows and removes their first elements.
//! Every other change of claims is decided on the row that was read, and written by compare-and-set of both windows.
//!
//! The bytes after a time say which send may release the claim: three bytes of the attempt that made the claim, or one
//! byte after a renewal. Rows of an earlier form have one byte or none for a claim that was not renewed; no send
//! releases such a claim. Rows of the form before that have 32 places, hashes of four bytes, and times as numbers of
//! seconds. Rows of all forms are read, and the next claim writes the present form.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use confab_app::ports::{ClaimKey, ClaimOutcome, Consistency, StoreError};
use confab_domain::claim::{AttemptTag, Claim, ClaimWindow, Holder, REMEMBERED, ROUNDING_MAX, Slot};
use confab_domain::log::Attempt;
use confab_domain::{ClientMessageId, Timestamp};
use sha2::{Digest, Sha256};

use crate::Store;
use crate::compare::Comparison;
use crate::inboxes::{Updated, read_seq, unless_condition_failed};
use crate::item::{Item, Reader, number, text};
use crate::memberships::proof_of;
use crate::pauses::Attempts;
use crate::schema::{CONVERSATION, USER};

const CLAIMS: &str = "claims";
const CLAIMED_AT: &str = "claimed_at";
pub(crate) const CLAIMED_BY: &str = "claimed_by";

/// Length of the stored hash of a key. Unit: bytes of SHA-256.
///
/// Two keys of a user with the same five bytes share a claim, which costs a search through the log and nothing else:
/// the search compares keys, and a renewed claim keeps its earlier time.
const HASH_BYTES: usize = 5;

/// The same in rows of the earlier form.
const EARLIER_HASH_BYTES: usize = 4;

/// Start of the times of claims, which keeps them short: 2026-01-01. Unit: milliseconds.
const EPOCH_MS: u64 = 1_767_225_600_000;

/// Length of a tick, in which times of claims count. Three bytes of ticks last until 2043. Later times are stored as
/// that time, which makes searches longer and loses nothing. Unit: milliseconds.
const TICK_MS: u64 = 32_000;

const _: () = assert!(TICK_MS as u128 <= ROUNDING_MAX.as_millis(), "a claim's time is rounded too far");

/// Largest time of a claim. Unit: ticks.
const TICKS_MAX: u64 = (1 << 24) - 1;

/// Byte after the time of a renewed claim.
const RENEWED: u8 = 1;

/// Content of a free place. No hash has one byte.
const FILLER: [u8; 1] = [0];

/// Attempts at a change of windows that other requests change meanwhile: more than the sends that a user runs side by
/// side in one conversation, each of which changes them once.
const ATTEMPTS_MAX: u32 = 32;

/// Stored hash of a key, in the length of either form.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hash(Blob);

impl Hash {
    fn of(key: &ClientMessageId) -> Self {
        Self::prefix(key, HASH_BYTES)
    }

    fn earlier(key: &ClientMessageId) -> Self {
        Self::prefix(key, EARLIER_HASH_BYTES)
    }

    fn prefix(key: &ClientMessageId, length: usize) -> Self {
        Self(Blob::new(&Sha256::digest(key.as_str())[..length]))
    }

    fn value(self) -> AttributeValue {
        AttributeValue::B(self.0)
    }
}

/// Whether a stored hash may be of this key.
fn may_be(key: &ClientMessageId) -> impl Fn(&Hash) -> bool {
    let hashes = [Hash::of(key), Hash::earlier(key)];
    move |hash| hashes.contains(hash)
}

impl Store {
    pub(crate) async fn record_claim(
        &self,
        key: ClaimKey<'_>,
        now: Timestamp,
    ) -> Result<ClaimOutcome, StoreError> {
        let ClaimKey { user, conversation, key: id, attempt } = key;
        let result = self
            .update_row(user, text(conversation))
            .update_expression(format!(
                "SET #claims[{REMEMBERED}] = :hash, #claimed_at[{REMEMBERED}] = :now, #claimed_by = :attempt \
                 REMOVE #claims[0], #claimed_at[0]"
            ))
            .condition_expression(
                "attribute_exists(#in) AND size(#claims) = :places \
                 AND NOT contains(#claims, :hash) AND NOT contains(#claims, :earlier)",
            )
            .set_expression_attribute_names(Some(claims_names()))
            .expression_attribute_names("#in", proof_of(conversation))
            .expression_attribute_names("#claimed_by", CLAIMED_BY)
            .expression_attribute_values(":places", number(REMEMBERED as u64))
            .expression_attribute_values(":hash", Hash::of(id).value())
            .expression_attribute_values(":earlier", Hash::earlier(id).value())
            .expression_attribute_values(":now", time_of(now, Holder::Attempt(AttemptTag::of(attempt))))
            .expression_attribute_values(":attempt", number(attempt.0))
            .return_values(ReturnValue::AllOld)
            .send()
            .await;
        if let Ok(recorded) = &result {
            let before = recorded
                .attributes()
                .ok_or_else(|| StoreError::malformed("a claim", "the row before it was not returned"))?;
            let claim = Claim::Fresh { forgot: forgotten(before, now)? };
            return Ok(ClaimOutcome { claim, read_seq: read_seq(&Reader::new("an inbox row", before))? });
        }
        match unless_condition_failed(result)? {
            Updated::Done | Updated::NoRow => Ok(ClaimOutcome { claim: Claim::NotAMember, read_seq: None }),
            Updated::ConditionFailed(row) => {
                let read_seq = read_seq(&Reader::new("an inbox row", &row))?;
                let claim = |window: &mut Window| window.claim(may_be(id), Hash::of(id), attempt, now);
                let claim = self.change_claims(key, Some(row), Of::Members, claim).await?;
                Ok(ClaimOutcome { claim: claim.unwrap_or(Claim::NotAMember), read_seq })
            }
        }
    }

    pub(crate) async fn move_claim(
        &self,
        key: ClaimKey<'_>,
        claimed_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let renew = |window: &mut Window| window.renew(may_be(key.key), Hash::of(key.key), claimed_at);
        Ok(self.change_claims(key, None, Of::Members, renew).await?.is_some())
    }

    pub(crate) async fn free_claim(
        &self,
        key: ClaimKey<'_>,
        claimed_at: Timestamp,
    ) -> Result<(), StoreError> {
        let release = |window: &mut Window| window.release(may_be(key.key), key.attempt, claimed_at);
        self.change_claims(key, None, Of::Anybody, release).await.map(|_| ())
    }

    /// Decides on the row, which is read if it is not known, and writes the changed windows; `None` if there is no such
    /// row.
    async fn change_claims<T>(
        &self,
        key: ClaimKey<'_>,
        known: Option<Item>,
        of: Of,
        decide: impl Fn(&mut Window) -> T,
    ) -> Result<Option<T>, StoreError> {
        let ClaimKey { user, conversation, .. } = key;
        let mut row = match known {
            Some(row) => Some(row),
            None => self.row_item(user, conversation, Consistency::Strong).await?,
        };
        let mut attempts = Attempts::racing(ATTEMPTS_MAX);
        while attempts.next().await {
            let Some(seen) = row else { return Ok(None) };
            if of == Of::Members && !seen.contains_key(proof_of(conversation)) {
                return Ok(None);
            }
            let before = window_of(&seen)?;
            let mut window = before.clone();
            let answer = decide(&mut window);
            if window == before {
                return Ok(Some(answer));
            }
            match self.replace_claims(key, of, &seen, &window).await? {
                Updated::Done => return Ok(Some(answer)),
                // The row may have moved: see `crate::ended_rows`.
                Updated::NoRow => row = self.row_item(user, conversation, Consistency::Strong).await?,
                Updated::ConditionFailed(changed) => row = Some(changed),
            }
        }
        Err(StoreError::Unavailable("the claims of a row keep changing".into()))
    }

    async fn replace_claims(
        &self,
        key: ClaimKey<'_>,
        of: Of,
        seen: &Item,
        window: &Window,
    ) -> Result<Updated, StoreError> {
        let unchanged = Comparison::default()
            .and(CLAIMS, seen.get(CLAIMS).cloned())
            .and(CLAIMED_AT, seen.get(CLAIMED_AT).cloned())
            // A key that was released and claimed again within a tick gives the same lists. The attempt differs, so
            // that a late update does not overwrite the second claim.
            .and(CLAIMED_BY, seen.get(CLAIMED_BY).cloned());
        let in_it = match of {
            Of::Members => proof_of(key.conversation),
            Of::Anybody => USER,
        };
        let mut names = unchanged.names.clone();
        names.extend(claims_names());
        names.insert("#in".to_owned(), in_it.to_owned());
        let condition = format!("attribute_exists(#in) AND {}", unchanged.expression());
        let mut values = unchanged.values().unwrap_or_default();
        let [claims, claimed_at] = lists(window);
        values.extend([(":claims".to_owned(), claims), (":claimed_at".to_owned(), claimed_at)]);
        let mut expression = "SET #claims = :claims, #claimed_at = :claimed_at".to_owned();
        if let Some(attempt) = window.newest_by() {
            expression.push_str(", #claimed_by = :attempt");
            names.insert("#claimed_by".to_owned(), CLAIMED_BY.to_owned());
            values.insert(":attempt".to_owned(), number(attempt.0));
        }
        let row_key = seen.get(CONVERSATION).cloned().unwrap_or_else(|| text(key.conversation));
        let update = self.update_row(key.user, row_key).update_expression(expression);
        let update = update.condition_expression(condition).set_expression_attribute_names(Some(names));
        unless_condition_failed(update.set_expression_attribute_values(Some(values)).send().await)
    }
}

type Window = ClaimWindow<Hash>;

/// Users whose claims may change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Present members of the conversation.
    Members,
    /// Present and former members.
    Anybody,
}

/// Whether a row has a claim.
pub(crate) fn has_any(row: &Reader<'_>) -> Result<bool, StoreError> {
    let is_claim = |place: &AttributeValue| place.as_b().is_ok_and(|hash| hash.as_ref() != FILLER);
    Ok(row.list(CLAIMS)?.iter().any(is_claim))
}

fn window_of(row: &Item) -> Result<Window, StoreError> {
    let reader = Reader::new("an inbox row", row);
    let (claims, times) = (reader.list(CLAIMS)?, reader.list(CLAIMED_AT)?);
    if claims.len() != times.len() {
        return Err(reader.malformed(CLAIMED_AT));
    }
    let (mut slots, mut freed) = (Vec::new(), Vec::new());
    for (claim, time) in claims.iter().zip(times) {
        match place_of(&reader, claim, time)? {
            Place::Unused => {}
            Place::Freed(claimed_at) => freed.push(claimed_at),
            Place::Taken(slot) => slots.push(slot),
        }
    }
    let newest_by = reader.optional_number(CLAIMED_BY)?.map(u32::try_from).transpose();
    let newest_by = newest_by.map_err(|_| reader.malformed(CLAIMED_BY))?.map(Attempt);
    Ok(ClaimWindow::restored(slots, freed, newest_by))
}

/// When the claim in the first place of a row was made; `None` if the place was unused.
fn forgotten(row: &Item, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let reader = Reader::new("an inbox row", row);
    let first = (reader.list(CLAIMS)?.first(), reader.list(CLAIMED_AT)?.first());
    let (Some(claim), Some(time)) = first else { return Err(reader.malformed(CLAIMS)) };
    Ok(match place_of(&reader, claim, time)? {
        Place::Unused => None,
        Place::Freed(claimed_at) => Some(claimed_at),
        Place::Taken(slot) => Some(slot.forgotten_at(now)),
    })
}

/// Content of a place of the windows.
enum Place {
    /// Nothing yet.
    Unused,
    /// The claim of that time was released.
    Freed(Timestamp),
    /// A claim.
    Taken(Slot<Hash>),
}

fn place_of(reader: &Reader<'_>, claim: &AttributeValue, time: &AttributeValue) -> Result<Place, StoreError> {
    let hash = claim.as_b().map_err(|_| reader.malformed(CLAIMS))?;
    let is_free = hash.as_ref() == FILLER;
    if is_free && (*time == filler() || time.as_n().is_ok()) {
        return Ok(Place::Unused);
    }
    let (ms, holder) = if let AttributeValue::B(time) = time {
        let Some((ticks, holder)) = time.as_ref().split_first_chunk() else {
            return Err(reader.malformed(CLAIMED_AT));
        };
        let [a, b, c] = *ticks;
        let holder = holder_of(holder).ok_or_else(|| reader.malformed(CLAIMED_AT))?;
        (u64::from(u32::from_be_bytes([0, a, b, c])) * TICK_MS, holder)
    } else {
        let seconds = time.as_n().ok().and_then(|seconds| seconds.parse::<u64>().ok());
        (seconds.ok_or_else(|| reader.malformed(CLAIMED_AT))? * 1000, Holder::Unknown)
    };
    let claimed_at = Timestamp::from_ms(EPOCH_MS + ms);
    if is_free {
        return Ok(Place::Freed(claimed_at));
    }
    Ok(Place::Taken(Slot { key: Hash(hash.clone()), claimed_at, holder }))
}

/// Which send may release a claim, from the bytes after its time.
fn holder_of(bytes: &[u8]) -> Option<Holder> {
    match *bytes {
        [RENEWED] => Some(Holder::Renewed),
        // An earlier form had a tag of one byte, which is too short to identify an attempt.
        [] | [_] => Some(Holder::Unknown),
        [a, b, c] => Some(Holder::Attempt(AttemptTag::restored([a, b, c]))),
        _ => None,
    }
}

fn time_of(claimed_at: Timestamp, holder: Holder) -> AttributeValue {
    let ticks = (claimed_at.as_ms().saturating_sub(EPOCH_MS) / TICK_MS).min(TICKS_MAX);
    let mut bytes = ticks.to_be_bytes()[5..].to_vec();
    match holder {
        Holder::Attempt(tag) => bytes.extend(tag.bytes()),
        Holder::Unknown => {}
        Holder::Renewed => bytes.push(RENEWED),
    }
    AttributeValue::B(Blob::new(bytes))
}

/// The two windows as attributes.
fn lists(window: &Window) -> [AttributeValue; 2] {
    let freed = window.freed().map(|claimed_at| (filler(), time_of(claimed_at, Holder::Unknown)));
    let unused = REMEMBERED - window.slots().len() - window.freed().len();
    let unused = std::iter::repeat_n((filler(), filler()), unused);
    let taken = window.slots().map(|slot| (slot.key.clone().value(), time_of(slot.claimed_at, slot.holder)));
    let (claims, times) = freed.chain(unused).chain(taken).unzip();
    [AttributeValue::L(claims), AttributeValue::L(times)]
}

fn filler() -> AttributeValue {
    AttributeValue::B(Blob::new(FILLER))
}

/// Creates the two windows if they are absent; with [`claims_names`] and [`claims_values`].
pub(crate) const CLAIMS_UNLESS_THERE: &str =
    "#claims = if_not_exists(#claims, :claims), #claimed_at = if_not_exists(#claimed_at, :claimed_at)";

pub(crate) fn claims_names() -> HashMap<String, String> {
    HashMap::from([
        ("#claims".to_owned(), CLAIMS.to_owned()),
        ("#claimed_at".to_owned(), CLAIMED_AT.to_owned()),
    ])
}

pub(crate) fn claims_values() -> Item {
    let [claims, claimed_at] = lists(&ClaimWindow::new(REMEMBERED));
    Item::from([(":claims".to_owned(), claims), (":claimed_at".to_owned(), claimed_at)])
}
