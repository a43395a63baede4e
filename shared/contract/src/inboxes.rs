//! Inbox rows and claims.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use confab_app::ports::{ClaimKey, Consistency, InboxRow, Inboxes, MarkReadOutcome};
use confab_domain::claim::{Claim, ROUNDING_MAX};
use confab_domain::log::Attempt;
use confab_domain::{Alerts, ConversationId, Joined, Timestamp, UserId};
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

/// Whether a claim was repeated, from about this time. A store may round the time of a claim down.
pub(crate) fn is_repeated(claim: Claim, claimed: Timestamp) -> bool {
    match claim {
        Claim::Repeated { claimed_at } => is_about(claimed_at, claimed),
        Claim::Fresh { .. } | Claim::NotAMember => false,
    }
}

pub(crate) fn is_about(kept: Timestamp, time: Timestamp) -> bool {
    kept <= time && time.since(kept) < ROUNDING_MAX
}

/// Claims the `n`th key for a user, with a new attempt.
pub(crate) async fn claim(
    inboxes: &impl Inboxes,
    user: UserId,
    conversation: ConversationId,
    n: u64,
    now: Timestamp,
) -> Claim {
    let key = key(n);
    let key = ClaimKey { user, conversation, key: &key, attempt: next_attempt() };
    inboxes.claim(key, now).await.unwrap().claim
}

/// An attempt that no other sentence uses.
pub(crate) fn next_attempt() -> Attempt {
    static LAST: AtomicU32 = AtomicU32::new(0);
    Attempt(LAST.fetch_add(1, Relaxed))
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
        refuses_adds: false,
    }
}

pub async fn opening_makes_the_rows_of_both(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for user in [1, 2] {
        assert_eq!(inboxes.get(ids.user(user), dm, Consistency::Strong).await.unwrap(), Some(untouched(dm)));
        assert_eq!(
            inboxes.list(ids.user(user), None, 10, Consistency::Strong).await.unwrap().rows,
            [untouched(dm)]
        );
    }
}

pub async fn opening_again_keeps_the_rows(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let user = ids.user(1);
    claim(inboxes, user, dm, 1, NOW).await;
    inboxes.mark_read(user, dm, seq(3)).await.unwrap();
    inboxes.mute(user, dm, Some(at(50))).await.unwrap();
    inboxes.open(dm, [ids.user(2), ids.user(1)]).await.unwrap();
    let row =
        InboxRow { read_seq: Some(seq(3)), muted_until: Some(at(50)), has_written: true, ..untouched(dm) };
    assert_eq!(inboxes.get(user, dm, Consistency::Strong).await.unwrap(), Some(row));
    assert!(is_repeated(claim(inboxes, user, dm, 1, at(9)).await, NOW));
}

/// Two users may write to each other for the first time at the same time.
pub async fn rows_of_racing_openings_are_there_once(inboxes: &impl Inboxes, ids: Ids) {
    let (one, two) = (ids.user(1), ids.user(2));
    let racers = [[one, two], [two, one], [one, two]].map(|members| inboxes.open(ids.dm(), members));
    join_all(racers).await.into_iter().collect::<Result<Vec<()>, _>>().unwrap();
    for user in [one, two] {
        assert_eq!(
            inboxes.list(user, None, 10, Consistency::Strong).await.unwrap().rows,
            [untouched(ids.dm())]
        );
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
            let page = inboxes.list(ids.user(1), after, rows_max, Consistency::Strong).await.unwrap();
            assert!(page.rows.len() <= rows_max as usize);
            listed.extend(page.rows.into_iter().map(|row| row.conversation));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert!(listed.iter().eq(&expected), "pages of {rows_max}: {listed:?}");
    }
    assert!(inboxes.list(ids.user(99), None, 10, Consistency::Strong).await.unwrap().rows.is_empty());
}

pub async fn a_missing_row_is_none(inboxes: &impl Inboxes, ids: Ids) {
    assert_eq!(inboxes.get(ids.user(1), ids.dm(), Consistency::Strong).await.unwrap(), None);
    open(inboxes, ids).await;
    assert_eq!(inboxes.get(ids.user(3), ids.dm(), Consistency::Strong).await.unwrap(), None);
    assert_eq!(inboxes.get(ids.user(1), ids.dm_with(3), Consistency::Strong).await.unwrap(), None);
}

pub async fn a_read_mark_only_moves_forward(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let mark = async |n| inboxes.mark_read(ids.user(1), dm, seq(n)).await.unwrap();
    assert_eq!(mark(2).await, MarkReadOutcome::Moved(Alerts::default()));
    assert_eq!(mark(10).await, MarkReadOutcome::Moved(Alerts::default()));
    assert_eq!(mark(10).await, MarkReadOutcome::Already);
    assert_eq!(mark(9).await, MarkReadOutcome::Already);
    assert_eq!(
        inboxes.get(ids.user(1), dm, Consistency::Strong).await.unwrap().unwrap().read_seq,
        Some(seq(10))
    );
    assert_eq!(inboxes.get(ids.user(2), dm, Consistency::Strong).await.unwrap().unwrap().read_seq, None);
}

pub async fn a_mute_is_set_moved_and_ended(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for until in [Some(at(100)), Some(at(50)), None, None, Some(at(70))] {
        assert!(inboxes.mute(ids.user(1), dm, until).await.unwrap());
        assert_eq!(
            inboxes.get(ids.user(1), dm, Consistency::Strong).await.unwrap().unwrap().muted_until,
            until
        );
    }
    assert_eq!(inboxes.get(ids.user(2), dm, Consistency::Strong).await.unwrap(), Some(untouched(dm)));
}

pub async fn an_outsider_marks_and_mutes_nothing(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let outsider = ids.user(3);
    assert_eq!(inboxes.mark_read(outsider, dm, seq(1)).await.unwrap(), MarkReadOutcome::NotAMember);
    assert!(!inboxes.mute(outsider, dm, Some(NOW)).await.unwrap());
    assert!(!inboxes.mute(outsider, dm, None).await.unwrap());
    assert_eq!(inboxes.get(outsider, dm, Consistency::Strong).await.unwrap(), None);
    assert!(inboxes.list(outsider, None, 10, Consistency::Strong).await.unwrap().rows.is_empty());
}
