//! Alert state in inbox rows.

use confab_app::ports::{Consistency, Groups, InboxRow, Inboxes, MarkReadOutcome, ReplaceOutcome};
use confab_domain::alerts::{Cleared, Count};
use confab_domain::group::Change;
use confab_domain::{Alerts, ConversationId};
use futures_util::future::join_all;

use crate::Ids;
use crate::groups::{change, create, new_group};
use crate::ids::{NOW, seq};
use crate::inboxes::{at, claim, open, untouched};

/// Alert state with one alert, written by `writer`.
fn alerted(position: u64, writer: u64) -> Alerts {
    Alerts { writer, ..Alerts::default().with(seq(position)) }
}

async fn row_of(inboxes: &impl Inboxes, ids: Ids, conversation: ConversationId) -> InboxRow {
    inboxes.get(ids.user(2), conversation, Consistency::Strong).await.unwrap().unwrap()
}

async fn replace(inboxes: &impl Inboxes, ids: Ids, seen: &InboxRow, next: &Alerts) -> ReplaceOutcome {
    inboxes.replace_alerts(ids.user(2), seen, next).await.unwrap()
}

pub async fn alerts_read_back_whole_and_the_rest_of_the_row_stays(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let user = ids.user(2);
    claim(inboxes, user, dm, 1, NOW).await;
    inboxes.mark_read(user, dm, seq(3)).await.unwrap();
    inboxes.mute(user, dm, Some(at(50))).await.unwrap();
    let full = Alerts {
        newest: Some(seq(9)),
        before: u64::MAX,
        count: Some(Count { from: Some(seq(3)), through: seq(9), unread: 6, at: at(1) }),
        all_counted_since: Some(at(2)),
        cleared: Some(Cleared { read_seq: seq(3), at: at(4) }),
        writer: u64::MAX,
    };
    let bare =
        Alerts { count: Some(Count { from: None, through: seq(1), unread: 0, at: at(1) }), ..alerted(1, 7) };
    for next in [full, bare] {
        let seen = row_of(inboxes, ids, dm).await;
        assert_eq!(replace(inboxes, ids, &seen, &next).await, ReplaceOutcome::Replaced);
        let row = InboxRow {
            read_seq: Some(seq(3)),
            muted_until: Some(at(50)),
            alerts: next,
            has_written: true,
            ..untouched(dm)
        };
        assert_eq!(row_of(inboxes, ids, dm).await, row);
        assert_eq!(inboxes.list(user, None, 10, Consistency::Strong).await.unwrap().rows, [row]);
    }
    assert_eq!(inboxes.get(ids.user(1), dm, Consistency::Strong).await.unwrap(), Some(untouched(dm)));
}

pub async fn alerts_that_were_not_seen_are_not_replaced(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let seen = row_of(inboxes, ids, dm).await;
    assert_eq!(replace(inboxes, ids, &seen, &alerted(1, 1)).await, ReplaceOutcome::Replaced);
    let now = row_of(inboxes, ids, dm).await;
    let late = replace(inboxes, ids, &seen, &alerted(2, 2)).await;
    assert_eq!(late, ReplaceOutcome::Changed(Box::new(now.clone())));
    assert_eq!(row_of(inboxes, ids, dm).await, now);
    assert_eq!(replace(inboxes, ids, &now, &alerted(2, 2)).await, ReplaceOutcome::Replaced);
}

/// Two racers may write the same except for their writer number.
pub async fn of_racing_alerts_exactly_one_is_written(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for position in 1..20 {
        let seen = row_of(inboxes, ids, dm).await;
        let nexts: Vec<Alerts> = (0..4).map(|writer| alerted(position, 100 * position + writer)).collect();
        let racers = nexts.iter().map(|next| replace(inboxes, ids, &seen, next));
        let outcomes: Vec<ReplaceOutcome> = join_all(racers).await;
        let now = row_of(inboxes, ids, dm).await;
        for (next, outcome) in nexts.iter().zip(outcomes) {
            let expected = if *next == now.alerts {
                ReplaceOutcome::Replaced
            } else {
                ReplaceOutcome::Changed(Box::new(now.clone()))
            };
            assert_eq!(outcome, expected, "{position}");
        }
        assert!(nexts.contains(&now.alerts));
    }
}

pub async fn alerts_are_not_replaced_after_the_user_has_read_on(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for position in 1..4 {
        let seen = row_of(inboxes, ids, dm).await;
        inboxes.mark_read(ids.user(2), dm, seq(position)).await.unwrap();
        let now = row_of(inboxes, ids, dm).await;
        let outcome = replace(inboxes, ids, &seen, &alerted(position, position)).await;
        assert_eq!(outcome, ReplaceOutcome::Changed(Box::new(now)));
    }
}

pub async fn alerts_are_not_replaced_after_a_mute_was_set_moved_or_ended(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    for until in [Some(at(50)), Some(at(70)), None] {
        let seen = row_of(inboxes, ids, dm).await;
        inboxes.mute(ids.user(2), dm, until).await.unwrap();
        let now = row_of(inboxes, ids, dm).await;
        let outcome = replace(inboxes, ids, &seen, &alerted(1, 1)).await;
        assert_eq!(outcome, ReplaceOutcome::Changed(Box::new(now)));
    }
}

/// A claim is a write to the row that changes no part that an alert depends on.
pub async fn a_claim_in_between_does_not_prevent_a_replacement(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let seen = row_of(inboxes, ids, dm).await;
    claim(inboxes, ids.user(2), dm, 1, NOW).await;
    assert_eq!(replace(inboxes, ids, &seen, &alerted(1, 1)).await, ReplaceOutcome::Replaced);
}

pub async fn only_present_members_are_alerted(store: &(impl Groups + Inboxes), ids: Ids) {
    let mut group = new_group(ids);
    create(store, ids, &group).await;
    let conversation = ConversationId::Group(group.id);
    let seen = row_of(store, ids, conversation).await;
    let outsider = store.replace_alerts(ids.user(9), &seen, &alerted(1, 1)).await.unwrap();
    assert_eq!(outsider, ReplaceOutcome::NotAMember);
    assert_eq!(
        store.get(ids.user(9), conversation, Consistency::Strong).await.unwrap(),
        None,
        "no row is made"
    );
    change(store, ids, &mut group, Change::Removed(ids.user(2)), 2).await;
    let left = row_of(store, ids, conversation).await;
    for seen in [&seen, &left] {
        assert_eq!(replace(store, ids, seen, &alerted(1, 1)).await, ReplaceOutcome::NotAMember);
    }
    assert_eq!(row_of(store, ids, conversation).await, left);
}

pub async fn marking_read_gives_the_alerts_from_before(inboxes: &impl Inboxes, ids: Ids) {
    let dm = open(inboxes, ids).await;
    let mark = async |n| inboxes.mark_read(ids.user(2), dm, seq(n)).await.unwrap();
    assert_eq!(mark(1).await, MarkReadOutcome::Moved(Alerts::default()));
    let seen = row_of(inboxes, ids, dm).await;
    let cleared = Alerts { cleared: Some(Cleared { read_seq: seq(1), at: at(5) }), ..alerted(3, 7) };
    assert_eq!(replace(inboxes, ids, &seen, &cleared).await, ReplaceOutcome::Replaced);
    assert_eq!(mark(1).await, MarkReadOutcome::Already);
    assert_eq!(mark(3).await, MarkReadOutcome::Moved(cleared));
    assert_eq!(row_of(inboxes, ids, dm).await.alerts, cleared, "a read mark clears nothing by itself");
}

/// No writer is active, so an older read gives the same row.
pub async fn a_skim_gives_what_a_list_gives(inboxes: &impl Inboxes, ids: Ids) {
    for n in 2..=8 {
        inboxes.open(ids.dm_with(n), [ids.user(1), ids.user(n)]).await.unwrap();
        inboxes.mute(ids.user(1), ids.dm_with(n), Some(at(u64::from(n)))).await.unwrap();
        let seen = inboxes.get(ids.user(1), ids.dm_with(n), Consistency::Strong).await.unwrap().unwrap();
        inboxes.replace_alerts(ids.user(1), &seen, &alerted(u64::from(n), 1)).await.unwrap();
    }
    for rows_max in 1..=8 {
        let mut after = None;
        loop {
            let skimmed = inboxes.list(ids.user(1), after, rows_max, Consistency::Eventual).await.unwrap();
            let listed = inboxes.list(ids.user(1), after, rows_max, Consistency::Strong).await.unwrap();
            assert_eq!((&skimmed.rows, skimmed.next), (&listed.rows, listed.next), "pages of {rows_max}");
            after = skimmed.next;
            if after.is_none() {
                break;
            }
        }
    }
    assert!(inboxes.list(ids.user(99), None, 10, Consistency::Eventual).await.unwrap().rows.is_empty());
}
