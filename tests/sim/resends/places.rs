//! The claims that a row may have forgotten, according to guarantee 2.
//!
//! A row has places for a bounded number of claims. A key may be forgotten once that many other keys have a newer place
//! at the same time. A key whose send was refused has no place from then on, unless another send with the key went on.
//! Where it is uncertain whether or when a call took effect, the key counts as one that may be forgotten.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Mutex;

use confab_domain::ClientMessageId;
use confab_domain::log::Attempt;

/// The calls to the claims of a row, in order.
pub(crate) struct Places {
    claims_max: usize,
    events: Mutex<(u64, Vec<Event>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Claim,
    Renew,
    Release,
}

#[derive(Clone, Debug)]
struct Event {
    call: Call,
    key: ClientMessageId,
    attempt: Attempt,
    began: u64,
    ended: Option<u64>,
    effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Certain,
    Unknown,
    Nothing,
}

/// A call in progress. It ends when this is dropped, by an answer or by a crash of the caller.
pub(crate) struct Noted<'a> {
    places: &'a Places,
    index: usize,
    effect: Effect,
}

impl Noted<'_> {
    /// Ends the call with its effect.
    pub(crate) fn end(mut self, effect: Effect) {
        self.effect = effect;
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.places.end(self.index, self.effect);
    }
}

impl Places {
    pub(crate) fn new(claims_max: usize) -> Self {
        Self { claims_max, events: Mutex::default() }
    }

    /// Records the start of a call. Unless it [ends](Noted::end), its effect is unknown.
    pub(crate) fn begin(&self, call: Call, key: &ClientMessageId, attempt: Attempt) -> Noted<'_> {
        let mut events = self.events.lock().unwrap();
        events.0 += 1;
        let began = events.0;
        let key = key.clone();
        events.1.push(Event { call, key, attempt, began, ended: None, effect: Effect::Unknown });
        Noted { places: self, index: events.1.len() - 1, effect: Effect::Unknown }
    }

    fn end(&self, index: usize, effect: Effect) {
        let mut events = self.events.lock().unwrap();
        events.0 += 1;
        let now = events.0;
        let event = &mut events.1[index];
        (event.ended, event.effect) = (Some(now), effect);
    }

    /// Whether a key may have been forgotten before `second` claimed it. Counts from the last time that a place was
    /// taken for the key by an attempt that knew its message: the attempt that appended it, or one in `found` that
    /// renewed the claim.
    ///
    /// After that, a claim by another attempt proves nothing about the message.
    pub(crate) fn may_have_forgotten(
        &self,
        key: &ClientMessageId,
        (appended_by, found): (Attempt, &BTreeSet<u32>),
        second: Attempt,
    ) -> bool {
        let events = &self.events.lock().unwrap().1;
        let has_place = |event: &&Event| event.call != Call::Release && event.effect == Effect::Certain;
        let claim = events.iter().find(|event| event.attempt == second && event.call == Call::Claim);
        let Some(claim) = claim else { return true };
        let since = events
            .iter()
            .filter(|event| event.key == *key)
            .filter(has_place)
            .filter(|event| {
                let has_found = event.call == Call::Renew && found.contains(&event.attempt.0);
                event.attempt == appended_by || has_found
            })
            .filter_map(|event| event.ended)
            .filter(|ended| *ended < claim.began)
            .max();
        let Some(since) = since else { return true };
        let until = claim.ended;
        let taken: Vec<&Event> = events
            .iter()
            .filter(has_place)
            .filter(|event| event.key == *key && event.attempt != second)
            .collect();
        times(events, since..=until.unwrap_or(u64::MAX)).any(|time| {
            taken.iter().filter(|event| event.ended.is_some_and(|ended| ended <= time)).all(|event| {
                may_have_been_released(events, event, time)
                    || self.newer(events, event, time) >= self.claims_max
            })
        })
    }

    /// The number of other keys that may have had a newer place than a claim at that time.
    fn newer(&self, events: &[Event], claim: &Event, time: u64) -> usize {
        let takes = |event: &&Event| {
            event.key != claim.key
                && event.call != Call::Release
                && event.effect != Effect::Nothing
                && event.began <= time
                && event.ended.is_none_or(|ended| ended >= claim.began)
                && !was_released(events, event, time)
        };
        let keys: BTreeSet<&ClientMessageId> = events.iter().filter(takes).map(|event| &event.key).collect();
        keys.len()
    }
}

/// The times at which a call began or ended.
fn times(events: &[Event], during: RangeInclusive<u64>) -> impl Iterator<Item = u64> {
    let times: BTreeSet<u64> =
        events.iter().flat_map(|event| [Some(event.began), event.ended]).flatten().collect();
    times.into_iter().filter(move |time| during.contains(time))
}

/// Whether the attempt that took a place may have freed it by that time.
fn may_have_been_released(events: &[Event], taken: &Event, until: u64) -> bool {
    taken.call == Call::Claim
        && releases_of(events, taken)
            .any(|release| release.effect != Effect::Nothing && release.began <= until)
}

/// Whether a place was certainly free again at that time.
fn was_released(events: &[Event], taken: &Event, time: u64) -> bool {
    let renewed = events.iter().any(|event| {
        event.call == Call::Renew
            && event.key == taken.key
            && event.effect != Effect::Nothing
            && event.began <= time
    });
    let is_done = |release: &Event| {
        release.effect == Effect::Certain
            && release.began >= taken.began
            && release.ended.is_some_and(|ended| ended <= time)
    };
    !renewed && releases_of(events, taken).any(is_done)
}

/// The releases of a place. An attempt frees only the place that it took itself.
fn releases_of<'a>(events: &'a [Event], taken: &Event) -> impl Iterator<Item = &'a Event> {
    let (key, attempt) = (taken.key.clone(), taken.attempt);
    events
        .iter()
        .filter(move |event| event.call == Call::Release && event.key == key && event.attempt == attempt)
}
