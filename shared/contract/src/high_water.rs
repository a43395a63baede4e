//! The high-water mark of a log.

use confab_app::ports::{End, MessageLog, Range};
use confab_domain::Seq;
use confab_domain::high_water::HighWaterMark;
use confab_domain::retention::Retention;
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, seq};
use crate::message_log::{append, fill};

fn mark(revision: u64, used_through: u64, reserved_through: u64) -> HighWaterMark {
    HighWaterMark {
        used_through: Seq::new(used_through),
        at: NOW,
        reserved_through: seq(reserved_through),
        retention: Retention::days(7),
        retention_before: Retention::FOR_EVER,
        revision,
    }
}

/// With and without a mark, a read gives at most the wanted entries, newest first, and whether there may be more.
pub async fn the_end_of_a_log_is_its_tail_with_its_mark(log: &impl MessageLog, ids: Ids) {
    let messages = fill(log, ids, 5).await;
    for expected in [None, Some(mark(1, 0, 64))] {
        if let Some(mark) = expected {
            assert!(log.set_mark(ids.dm(), mark).await.unwrap());
        }
        for wanted in 1..=7 {
            let End { tail, mark } = log.end(ids.dm(), wanted).await.unwrap();
            assert_eq!(mark, expected);
            assert!(!tail.newest.is_empty() && tail.newest.len() <= wanted as usize);
            assert!(tail.more || tail.newest.len() == messages.len(), "{wanted} wanted");
            assert!(tail.newest.iter().eq(messages.iter().rev().take(tail.newest.len())));
        }
    }
}

/// A mark is stored beside the entries, not among them.
pub async fn a_mark_is_no_message(log: &impl MessageLog, ids: Ids) {
    assert!(log.set_mark(ids.dm(), mark(1, 0, 64)).await.unwrap());
    let tail = log.tail(ids.dm(), 8).await.unwrap();
    assert_eq!((tail.newest.len(), tail.more), (0, false));
    let page = log.page(ids.dm(), Range::from_newest(), 8).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (0, false));
    append(log, &ids.message(1, "first")).await.unwrap();
    assert_eq!(log.mark(ids.dm()).await.unwrap(), Some(mark(1, 0, 64)));
    assert_eq!(log.tail(ids.dm(), 8).await.unwrap().last(), Some(seq(1)));
}

pub async fn a_mark_reads_back_whole(log: &impl MessageLog, ids: Ids) {
    let lives = [Retention::FOR_EVER, Retention::UNKNOWN, Retention::days(1), Retention::days(3650)];
    let mut revision = 0_u64;
    for retention in lives {
        for retention_before in lives {
            revision += 1;
            let used_through = revision.saturating_sub(3);
            let written =
                HighWaterMark { retention, retention_before, ..mark(revision, used_through, revision + 64) };
            assert!(log.set_mark(ids.dm(), written).await.unwrap());
            assert_eq!(log.mark(ids.dm()).await.unwrap(), Some(written));
            assert_eq!(log.end(ids.dm(), 1).await.unwrap().mark, Some(written));
        }
    }
}

pub async fn a_mark_is_replaced_only_by_the_next_revision(log: &impl MessageLog, ids: Ids) {
    assert!(!log.set_mark(ids.dm(), mark(2, 0, 64)).await.unwrap());
    assert!(log.set_mark(ids.dm(), mark(1, 0, 64)).await.unwrap());
    assert!(!log.set_mark(ids.dm(), mark(1, 64, 128)).await.unwrap());
    assert!(!log.set_mark(ids.dm(), mark(3, 64, 128)).await.unwrap());
    assert_eq!(log.mark(ids.dm()).await.unwrap(), Some(mark(1, 0, 64)));
    assert!(log.set_mark(ids.dm(), mark(2, 64, 128)).await.unwrap());
    assert_eq!(log.mark(ids.dm()).await.unwrap(), Some(mark(2, 64, 128)));
}

pub async fn of_racing_marks_exactly_one_is_set(log: &impl MessageLog, ids: Ids) {
    let racers = (1..=4).map(|n| log.set_mark(ids.dm(), mark(1, n, 64)));
    let set = join_all(racers).await.into_iter().filter(|set| *set.as_ref().unwrap()).count();
    assert_eq!(set, 1);
}

pub async fn the_mark_sorts_after_the_largest_position(log: &impl MessageLog, ids: Ids) {
    let last = confab_domain::Message { seq: Seq::MAX, ..ids.message(1, "the last of all") };
    append(log, &last).await.unwrap();
    assert!(log.set_mark(ids.dm(), mark(1, 7, 64)).await.unwrap());
    let end = log.end(ids.dm(), 1).await.unwrap();
    assert_eq!((end.tail.last(), end.mark), (Some(Seq::MAX), Some(mark(1, 7, 64))));
    assert_eq!(log.tail(ids.dm(), 1).await.unwrap().newest, [last]);
}
