//! Claims in inbox rows.

use std::collections::BTreeSet;

use confab_app::ports::{ClaimKey, Consistency, Groups, Inboxes};
use confab_domain::claim::{Claim, MESSAGES_REMEMBERED, REMEMBERED, ROUNDING_MAX, UNACKED_MAX};
use confab_domain::group::Change;
use confab_domain::log::Attempt;
use confab_domain::{ClientMessageId, ConversationId, Timestamp};
use futures_util::future::join_all;

use crate::Ids;
use crate::groups::{change, create, new_group};
use crate::ids::{NOW, key};
use crate::inboxes::{at, claim, is_about, is_repeated, next_attempt, open};

const PLACES: u64 = REMEMBERED as u64;

/// Two keys of which SHA-256 begins with the same six bytes.
const ALIKE: [&str; 2] = ["key-467610", "key-4889369"];

/// Claims, renews and releases keys of user 1 in the conversation with user 2.
struct Claims<'a, I> {
    inboxes: &'a I,
    ids: Ids,
}

impl<'a, I: Inboxes> Claims<'a, I> {
    async fn of(inboxes: &'a I, ids: Ids) -> Self {
        open(inboxes, ids).await;
        Self { inboxes, ids }
    }

    fn key<'k>(&self, key: &'k ClientMessageId) -> ClaimKey<'k> {
        ClaimKey { user: self.ids.user(1), conversation: self.ids.dm(), key, attempt: next_attempt() }
    }

    async fn claim(&self, n: u64, ms: u64) -> Claim {
        self.inboxes.claim(self.key(&key(n)), at(ms)).await.unwrap().claim
    }

    async fn renew(&self, n: u64, ms: u64) {
        assert!(self.inboxes.renew_claim(self.key(&key(n)), at(ms)).await.unwrap());
    }

    /// Claims a new key, and returns the claim for its release.
    async fn claim_own(&self, n: u64, ms: u64) -> Own {
        self.claim_by(n, next_attempt(), ms).await
    }

    async fn claim_by(&self, n: u64, attempt: Attempt, ms: u64) -> Own {
        let own = Own { n, attempt, claimed_at: at(ms) };
        let key = key(n);
        let request = ClaimKey { attempt: own.attempt, ..self.key(&key) };
        assert!(self.inboxes.claim(request, own.claimed_at).await.unwrap().claim.is_fresh(), "{n}");
        own
    }

    async fn release(&self, own: Own) {
        let key = key(own.n);
        let request = ClaimKey { attempt: own.attempt, ..self.key(&key) };
        self.inboxes.release_claim(request, own.claimed_at).await.unwrap();
    }
}

/// A fresh claim, with the data for its release.
#[derive(Clone, Copy, Debug)]
struct Own {
    n: u64,
    attempt: Attempt,
    claimed_at: Timestamp,
}

pub async fn a_claim_is_fresh_once_and_then_repeated_with_its_time(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    assert_eq!(claims.claim(1, 5).await, Claim::Fresh { forgot: None });
    assert_eq!(claims.claim(2, 7).await, Claim::Fresh { forgot: None });
    assert!(is_repeated(claims.claim(1, 9).await, at(5)));
    assert!(is_repeated(claims.claim(2, 1).await, at(7)));
    assert!(is_repeated(claims.claim(1, 11).await, at(5)));
}

pub async fn a_claim_without_a_row_is_not_a_members(inboxes: &impl Inboxes, ids: Ids) {
    for user in [1, 3] {
        assert_eq!(claim(inboxes, ids.user(user), ids.dm(), 1, NOW).await, Claim::NotAMember);
        assert_eq!(inboxes.get(ids.user(user), ids.dm(), Consistency::Strong).await.unwrap(), None);
    }
    open(inboxes, ids).await;
    let key = key(1);
    let outsider = ClaimKey { user: ids.user(3), conversation: ids.dm(), key: &key, attempt: next_attempt() };
    assert_eq!(inboxes.claim(outsider, NOW).await.unwrap().claim, Claim::NotAMember);
    assert!(!inboxes.renew_claim(outsider, NOW).await.unwrap());
    inboxes.release_claim(outsider, NOW).await.unwrap();
    assert_eq!(inboxes.get(ids.user(3), ids.dm(), Consistency::Strong).await.unwrap(), None);
}

pub async fn the_last_48_claims_are_remembered_and_no_more(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    for n in 1..=2 * PLACES {
        assert!(claims.claim(n, n).await.is_fresh());
        let oldest = n.saturating_sub(PLACES - 1).max(1);
        assert!(is_repeated(claims.claim(oldest, 999).await, at(oldest)), "{oldest} after {n}");
    }
    for n in PLACES + 1..=2 * PLACES {
        assert!(is_repeated(claims.claim(n, 999).await, at(n)));
    }
    assert!(claims.claim(PLACES, 999).await.is_fresh());
}

/// A send needs this time to know how far back a send of the forgotten key may have appended.
pub async fn a_claim_gives_the_time_of_the_forgotten_claim(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let minute = |n: u64| n * 60_000;
    for n in 1..=PLACES {
        assert_eq!(claims.claim(n, minute(n)).await, Claim::Fresh { forgot: None });
    }
    for n in 1..=PLACES {
        let Claim::Fresh { forgot: Some(forgot) } = claims.claim(PLACES + n, minute(PLACES + n)).await else {
            panic!("{n} was not forgotten");
        };
        assert!(is_about(forgot, at(minute(n))), "{n}: {forgot:?}");
    }
}

/// A released claim may have taken the place of a forgotten claim.
pub async fn a_claim_gives_the_time_of_the_released_claim_whose_place_it_takes(
    inboxes: &impl Inboxes,
    ids: Ids,
) {
    let claims = Claims::of(inboxes, ids).await;
    let minute = |n: u64| n * 60_000;
    let mut owned = Vec::new();
    for n in 1..=3 {
        owned.push(claims.claim_own(n, minute(n)).await);
    }
    for own in owned.into_iter().take(2) {
        claims.release(own).await;
    }
    for (n, released) in [(4, 2), (5, 1)] {
        let Claim::Fresh { forgot: Some(forgot) } = claims.claim(n, minute(n)).await else {
            panic!("{n} took no place of a claim");
        };
        assert!(is_about(forgot, at(minute(released))), "{n}: {forgot:?}");
    }
    assert_eq!(claims.claim(6, minute(6)).await, Claim::Fresh { forgot: None });
}

pub async fn a_claim_counts_for_one_user_and_one_conversation(inboxes: &impl Inboxes, ids: Ids) {
    open(inboxes, ids).await;
    inboxes.open(ids.dm_with(3), [ids.user(1), ids.user(3)]).await.unwrap();
    for (user, conversation) in [(1, ids.dm()), (2, ids.dm()), (1, ids.dm_with(3))] {
        assert!(claim(inboxes, ids.user(user), conversation, 1, NOW).await.is_fresh());
    }
}

/// A client may choose any key of 1 to 64 bytes.
pub async fn keys_of_any_bytes_are_distinguished(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let long = "x".repeat(64);
    let almost = format!("{}y", "x".repeat(63));
    for text in ["a", "A", " ", "a ", "\u{0}", "🙂", "#0", "key.with:signs", &long, &almost] {
        let key = text.parse().unwrap();
        assert!(inboxes.claim(claims.key(&key), NOW).await.unwrap().claim.is_fresh(), "{text:?}");
        let again = inboxes.claim(claims.key(&key), at(1)).await.unwrap().claim;
        assert!(is_repeated(again, NOW), "{text:?}");
    }
}

pub async fn of_concurrent_claims_of_a_key_exactly_one_is_fresh(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    for n in 0..2 * PLACES {
        let racers = (0..4).map(|_| claims.claim(n, n));
        let made: Vec<Claim> = join_all(racers).await;
        let fresh = made.iter().filter(|claim| claim.is_fresh()).count();
        let repeated = made.iter().filter(|claim| is_repeated(**claim, at(n))).count();
        assert_eq!((fresh, repeated), (1, 3), "key {n}: {made:?}");
    }
}

/// A store's client repeats a request whose answer was lost.
pub async fn a_request_that_is_repeated_finds_its_own_claim_fresh(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let key = key(1);
    let request = claims.key(&key);
    for _ in 0..3 {
        assert!(inboxes.claim(request, NOW).await.unwrap().claim.is_fresh());
    }
    assert!(is_repeated(claims.claim(1, 1).await, NOW), "by another attempt");
    claims.renew(1, 0).await;
    assert!(
        is_repeated(inboxes.claim(request, NOW).await.unwrap().claim, NOW),
        "another may have appended since"
    );
}

pub async fn a_released_claim_takes_no_place(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    for n in 1..=PLACES {
        claims.claim(n, n).await;
    }
    for n in PLACES + 1..4 * PLACES {
        let own = claims.claim_own(n, n).await;
        claims.release(own).await;
    }
    for n in 2..=PLACES {
        assert!(is_repeated(claims.claim(n, 999).await, at(n)), "{n} was forgotten");
    }
}

/// A client has at most sixteen sends under way. The messages before them stay remembered, whatever the outcome of
/// these sends.
pub async fn sends_that_are_under_way_and_refused_forget_no_message(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let (messages, unacked) = (MESSAGES_REMEMBERED as u64, UNACKED_MAX as u64);
    for n in 1..=messages {
        claims.claim(n, n).await;
    }
    for round in 1..=3 {
        let refused = || (0..unacked).map(|n| 1_000 * round + n);
        let owned = join_all(refused().map(|n| claims.claim_own(n, n))).await;
        join_all(owned.into_iter().map(|own| claims.release(own))).await;
    }
    for n in 1..=messages {
        assert!(is_repeated(claims.claim(n, 999).await, at(n)), "{n} was forgotten");
    }
    assert!(claims.claim(1_000, 999).await.is_fresh(), "a released key can be claimed");
}

pub async fn a_renewed_claim_is_not_released(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let own = claims.claim_own(1, 5).await;
    claims.renew(1, 5).await;
    claims.release(own).await;
    assert!(is_repeated(claims.claim(1, 9).await, at(5)));
    // The release is too late, or the renewal records the claim again: the claim remains either way.
    for n in 2..20 {
        let own = claims.claim_own(n, 5).await;
        futures_util::future::join(claims.release(own), claims.renew(n, 5)).await;
        assert!(is_repeated(claims.claim(n, 9).await, at(5)));
    }
}

/// A send may hang until its claim is forgotten and another send has claimed the key anew, before it is refused.
pub async fn a_release_frees_no_newer_claim_of_its_key(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let forgotten = claims.claim_own(1, 1).await;
    for n in 2..=PLACES + 1 {
        claims.claim(n, 2).await;
    }
    let newer = claims.claim_by(1, Attempt(forgotten.attempt.0 ^ 1), 3).await;
    claims.release(forgotten).await;
    assert!(is_repeated(claims.claim(1, 9).await, at(3)), "the newer claim was released");
    claims.release(newer).await;
    assert!(claims.claim(1, 9).await.is_fresh());
}

/// The first claim may be forgotten while its send is slow to be refused.
pub async fn a_release_frees_no_claim_of_an_attempt_that_is_alike(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let claimed = Attempt(7);
    let own = claims.claim_by(1, claimed, 3).await;
    // Neither a single byte of an attempt nor the attempt modulo 255 or 256 distinguishes these attempts.
    for step in [254, 255, 256, 1 << 16] {
        claims.release(Own { attempt: Attempt(claimed.0 + step), ..own }).await;
        claims.release(Own { attempt: Attempt(claimed.0 + 3 * step), ..own }).await;
    }
    assert!(is_repeated(claims.claim(1, 9).await, at(3)), "another attempt released it");
    claims.release(own).await;
    assert!(claims.claim(1, 9).await.is_fresh());
}

pub async fn a_claim_is_no_later_than_those_that_followed_it(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let day = 24 * 3_600_000;
    claims.claim(1, day).await;
    claims.claim(2, 5).await;
    assert!(is_repeated(claims.claim(1, 9).await, at(5)));
}

pub async fn a_renewed_claim_is_the_newest_and_keeps_its_time(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let late = 2 * u64::try_from(ROUNDING_MAX.as_millis()).unwrap();
    for n in 1..=PLACES {
        claims.claim(n, n).await;
    }
    claims.renew(1, late).await;
    for n in PLACES + 1..2 * PLACES {
        assert!(claims.claim(n, n).await.is_fresh());
        assert!(is_repeated(claims.claim(1, late).await, at(1)), "forgotten after {n}");
    }
    assert!(claims.claim(2 * PLACES, 0).await.is_fresh());
    assert!(claims.claim(1, 0).await.is_fresh());
}

pub async fn a_renewal_records_a_released_or_forgotten_claim(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let own = claims.claim_own(1, 5).await;
    claims.release(own).await;
    claims.renew(1, 5).await;
    assert!(is_repeated(claims.claim(1, 9).await, at(5)));
    for n in 2..=PLACES + 1 {
        claims.claim(n, n).await;
    }
    claims.renew(1, 5).await;
    assert!(is_repeated(claims.claim(1, 9).await, at(5)));
    assert!(is_repeated(claims.claim(PLACES + 1, 9).await, at(PLACES + 1)));
}

/// If a store cannot distinguish two keys, a retry of either finds a claim no later than its own.
pub async fn two_keys_that_are_alike_to_a_store_are_both_remembered(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let [one, other] = ALIKE.map(|key| key.parse().unwrap());
    let claimed_at = |claim| match claim {
        Claim::Repeated { claimed_at } => claimed_at,
        Claim::Fresh { .. } | Claim::NotAMember => panic!("{claim:?}"),
    };
    assert!(inboxes.claim(claims.key(&one), at(5)).await.unwrap().claim.is_fresh());
    for n in 1..10 {
        claims.claim(n, n).await;
    }
    if let Claim::Repeated { claimed_at } = inboxes.claim(claims.key(&other), at(9)).await.unwrap().claim {
        assert!(inboxes.renew_claim(claims.key(&other), claimed_at).await.unwrap());
    }
    for n in 10..PLACES - 1 {
        claims.claim(n, n).await;
    }
    for key in [&one, &other] {
        assert!(claimed_at(inboxes.claim(claims.key(key), at(999)).await.unwrap().claim) <= at(9));
    }
}

/// A send may be refused because its sender was removed after the claim.
pub async fn a_claim_of_a_former_member_is_released(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let (user, in_group) = (ids.user(2), ConversationId::Group(group.id));
    let key = key(1);
    let own = ClaimKey { user, conversation: in_group, key: &key, attempt: next_attempt() };
    assert!(store.claim(own, NOW).await.unwrap().claim.is_fresh());
    change(store, ids, &mut group, Change::Removed(user), 2).await;
    store.release_claim(own, NOW).await.unwrap();
    assert!(!store.renew_claim(own, NOW).await.unwrap());
    change(store, ids, &mut group, Change::Added(user, confab_domain::group::Role::Member), 3).await;
    assert!(claim(store, user, in_group, 1, NOW).await.is_fresh());
}

/// The window has the keys that were claimed or renewed last, and no others.
pub async fn a_window_changed_in_every_way_has_the_newest_claims(inboxes: &impl Inboxes, ids: Ids) {
    let claims = Claims::of(inboxes, ids).await;
    let mut expected: Vec<u64> = Vec::new();
    for n in 0..3 * PLACES {
        let own = claims.claim_own(n, 0).await;
        expected.push(n);
        let forgotten = expected.len().saturating_sub(REMEMBERED);
        expected.drain(..forgotten);
        match n % 3 {
            0 => {
                claims.release(own).await;
                expected.pop();
            }
            1 if n > 3 => {
                let renewed = expected.remove(expected.len() / 2);
                claims.renew(renewed, 0).await;
                expected.push(renewed);
            }
            _ => {}
        }
    }
    let remembered: BTreeSet<u64> = expected.iter().copied().collect();
    assert_eq!(remembered.len(), REMEMBERED);
    for n in &remembered {
        assert!(!claims.claim(*n, 0).await.is_fresh(), "{n}");
    }
}
