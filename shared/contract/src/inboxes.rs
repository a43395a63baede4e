//! Inbox rows and claims.

use std::collections::BTreeSet;
use std::time::Duration;

use confab_app::ports::{InboxRow, Inboxes, MarkReadOutcome};
use confab_domain::claim::{Claim, REMEMBERED};
use confab_domain::{Alerts, ConversationId, Joined, Timestamp};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, key, seq};

pub(crate) async fn open(inboxes: &impl Inboxes, ids: Ids) -> ConversationId {
    inboxes.open(ids.dm(), [ids.user(1), ids.user(2)]).await.unwrap();
    ids.dm()
}

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(NOW.as_ms() + ms)
}

/// A store may keep the time of a claim rounded down to the second.
pub(crate) fn is_repeated(claim: Claim, claimed: Timestamp) -> bool {
    match claim {
        Claim::Repeated { claimed_at } => {
            claimed_at <= claimed && claimed.since(claimed_at) < Duration::from_secs(1)
        }
        Claim::Fresh | Claim::NotAMember => false,
    }
}

pub(crate) fn untouched(conversation: ConversationId) -> InboxRow {
    InboxRow {
        conversation,
        joined: Joined::whole(),
        read_seq: None,
        muted_until: None,
        alerts: Alerts::default(),
        added_by: None,
        has_written: false,
    }
}

pub async fn a_claim_is_fresh_once_and_then_repeated_with_its_time(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let claim = async |n, ms| inboxes.claim(ids.user(1), dm, &key(n), at(ms)).await.unwrap();
    assert_eq!(claim(1, 5).await, Claim::Fresh);
    assert_eq!(claim(2, 7).await, Claim::Fresh);
    assert!(is_repeated(claim(1, 9).await, at(5)));
    assert!(is_repeated(claim(2, 1).await, at(7)));
    assert!(is_repeated(claim(1, 11).await, at(5)));
}

pub async fn a_claim_without_a_row_is_not_a_members(inboxes: &impl Inboxes, ids: Ids) {
    let claim = inboxes.claim(ids.user(1), ids.dm(), &key(1), NOW).await.unwrap();
    assert_eq!(claim, Claim::NotAMember);
    assert_eq!(inboxes.get(ids.user(1), ids.dm()).await.unwrap(), None);
    open(inboxes, ids).await;
    let claim = inboxes.claim(ids.user(3), ids.dm(), &key(1), NOW).await.unwrap();
    assert_eq!(claim, Claim::NotAMember);
}

pub async fn the_last_32_claims_are_remembered(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let claim = async |n, ms| inboxes.claim(ids.user(1), dm, &key(n), at(ms)).await.unwrap();
    let remembered = REMEMBERED as u64;
    for n in 1..=3 * remembered {
        assert_eq!(claim(n, n).await, Claim::Fresh);
        let oldest = n.saturating_sub(remembered - 1).max(1);
        assert!(is_repeated(claim(oldest, 999).await, at(oldest)), "{oldest} after {n}");
    }
    for n in 2 * remembered + 1..=3 * remembered {
        assert!(is_repeated(claim(n, 999).await, at(n)));
    }
}

/// Rows stay small: how much more than the last 32 are remembered is the store's.
pub async fn an_old_claim_is_forgotten_in_the_end(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for n in 0..=4 * REMEMBERED as u64 {
        inboxes.claim(ids.user(1), dm, &key(n), at(n)).await.unwrap();
    }
    assert_eq!(inboxes.claim(ids.user(1), dm, &key(0), NOW).await.unwrap(), Claim::Fresh);
}

pub async fn a_claim_counts_for_one_user_and_one_conversation(inboxes: &impl Inboxes, ids: Ids) {
    open(inboxes, ids).await;
    inboxes.open(ids.dm_with(3), [ids.user(1), ids.user(3)]).await.unwrap();
    for (user, conversation) in [(1, ids.dm()), (2, ids.dm()), (1, ids.dm_with(3))] {
        let claim = inboxes.claim(ids.user(user), conversation, &key(1), NOW).await.unwrap();
        assert_eq!(claim, Claim::Fresh);
    }
}

/// Keys are the client's to choose: 1 to 64 bytes.
pub async fn keys_of_any_bytes_are_told_apart(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let long = "x".repeat(64);
    let almost = format!("{}y", "x".repeat(63));
    for text in ["a", "A", " ", "a ", "\u{0}", "🙂", "#0", "key.with:signs", &long, &almost] {
        let key = text.parse().unwrap();
        let claim = inboxes.claim(ids.user(1), dm, &key, NOW).await.unwrap();
        assert_eq!(claim, Claim::Fresh, "{text:?}");
        let claim = inboxes.claim(ids.user(1), dm, &key, at(1)).await.unwrap();
        assert!(is_repeated(claim, NOW), "{text:?}");
    }
}

pub async fn of_concurrent_claims_of_a_key_exactly_one_is_fresh(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for n in 0..2 * REMEMBERED as u64 {
        let key = key(n);
        let racers = (0..4).map(|_| inboxes.claim(ids.user(1), dm, &key, at(n)));
        let claims: Vec<Claim> = join_all(racers).await.into_iter().map(Result::unwrap).collect();
        let fresh = claims.iter().filter(|claim| **claim == Claim::Fresh).count();
        let repeated = claims.iter().filter(|claim| is_repeated(**claim, at(n))).count();
        assert_eq!((fresh, repeated), (1, 3), "key {n}: {claims:?}");
    }
}

pub async fn opening_makes_the_rows_of_both(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for user in [1, 2] {
        assert_eq!(inboxes.get(ids.user(user), dm).await.unwrap(), Some(untouched(dm)));
        assert_eq!(inboxes.list(ids.user(user), None, 10).await.unwrap().rows, [untouched(dm)]);
    }
}

pub async fn opening_again_keeps_what_is_there(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let user = ids.user(1);
    inboxes.claim(user, dm, &key(1), NOW).await.unwrap();
    inboxes.mark_read(user, dm, seq(3)).await.unwrap();
    inboxes.mute(user, dm, Some(at(50))).await.unwrap();
    inboxes.open(dm, [ids.user(2), ids.user(1)]).await.unwrap();
    let row = InboxRow { read_seq: Some(seq(3)), muted_until: Some(at(50)), ..untouched(dm) };
    assert_eq!(inboxes.get(user, dm).await.unwrap(), Some(row));
    assert_eq!(inboxes.claim(user, dm, &key(1), at(9)).await.unwrap(), Claim::Repeated { claimed_at: NOW });
}

/// Two users may write to each other for the first time at the same time.
pub async fn rows_of_racing_openings_are_there_once(inboxes: &impl Inboxes, ids: Ids) {
    let (one, two) = (ids.user(1), ids.user(2));
    let racers = [[one, two], [two, one], [one, two]].map(|members| inboxes.open(ids.dm(), members));
    join_all(racers).await.into_iter().collect::<Result<Vec<()>, _>>().unwrap();
    for user in [one, two] {
        assert_eq!(inboxes.list(user, None, 10).await.unwrap().rows, [untouched(ids.dm())]);
    }
}

pub async fn a_list_is_ascending_and_its_pages_tile(inboxes: &impl Inboxes, ids: Ids) {
    let mut expected = BTreeSet::new();
    // In no particular order.
    for n in (2..=8).rev().chain(9..=12) {
        inboxes.open(ids.dm_with(n), [ids.user(1), ids.user(n)]).await.unwrap();
        expected.insert(ids.dm_with(n));
    }
    for rows_max in 1..=12 {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = inboxes.list(ids.user(1), after, rows_max).await.unwrap();
            assert!(page.rows.len() <= rows_max as usize);
            listed.extend(page.rows.into_iter().map(|row| row.conversation));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert!(listed.iter().eq(&expected), "pages of {rows_max}: {listed:?}");
    }
    assert!(inboxes.list(ids.user(99), None, 10).await.unwrap().rows.is_empty());
}

pub async fn a_row_that_is_not_there_is_none(inboxes: &impl Inboxes, ids: Ids) {
    assert_eq!(inboxes.get(ids.user(1), ids.dm()).await.unwrap(), None);
    open(inboxes, ids).await;
    assert_eq!(inboxes.get(ids.user(3), ids.dm()).await.unwrap(), None);
    assert_eq!(inboxes.get(ids.user(1), ids.dm_with(3)).await.unwrap(), None);
}

pub async fn a_read_marker_only_moves_forward(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let mark = async |n| inboxes.mark_read(ids.user(1), dm, seq(n)).await.unwrap();
    assert_eq!(mark(2).await, MarkReadOutcome::Moved(Alerts::default()));
    assert_eq!(mark(10).await, MarkReadOutcome::Moved(Alerts::default()));
    assert_eq!(mark(10).await, MarkReadOutcome::Already);
    assert_eq!(mark(9).await, MarkReadOutcome::Already);
    assert_eq!(inboxes.get(ids.user(1), dm).await.unwrap().unwrap().read_seq, Some(seq(10)));
    assert_eq!(inboxes.get(ids.user(2), dm).await.unwrap().unwrap().read_seq, None);
}

pub async fn a_mute_is_set_moved_and_ended(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for until in [Some(at(100)), Some(at(50)), None, None, Some(at(70))] {
        assert!(inboxes.mute(ids.user(1), dm, until).await.unwrap());
        assert_eq!(inboxes.get(ids.user(1), dm).await.unwrap().unwrap().muted_until, until);
    }
    assert_eq!(inboxes.get(ids.user(2), dm).await.unwrap(), Some(untouched(dm)));
}

pub async fn an_outsider_marks_and_mutes_nothing(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let outsider = ids.user(3);
    assert_eq!(inboxes.mark_read(outsider, dm, seq(1)).await.unwrap(), MarkReadOutcome::NotAMember);
    assert!(!inboxes.mute(outsider, dm, Some(NOW)).await.unwrap());
    assert!(!inboxes.mute(outsider, dm, None).await.unwrap());
    assert_eq!(inboxes.get(outsider, dm).await.unwrap(), None);
    assert!(inboxes.list(outsider, None, 10).await.unwrap().rows.is_empty());
}
