use super::*;

const DAY_MS: u64 = 86_400_000;
const ONE_DAY: Retention = Retention::days(1);
const MONTH: Retention = Retention::days(30);

fn seq(n: u64) -> Seq {
    Seq::new(n).unwrap()
}

/// A mark that was written under a retention of one day, as were all before it.
fn mark(used_through: u64, at_ms: u64, reserved_through: u64) -> HighWaterMark {
    HighWaterMark {
        used_through: Seq::new(used_through),
        at: Timestamp::from_ms(at_ms),
        reserved_through: seq(reserved_through),
        retention: ONE_DAY,
        retention_before: Retention::FOR_EVER,
        revision: 1,
    }
}

fn end(newest: Option<(u64, u64)>, mark: Option<HighWaterMark>) -> LogEnd {
    let newest = newest.map(|(n, sent_at_ms)| Newest {
        seq: seq(n),
        sent_at: Timestamp::from_ms(sent_at_ms),
        mark_revision: mark.map_or(0, |mark| mark.revision),
    });
    LogEnd { newest, mark }
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(ms)
}

#[track_caller]
fn check(
    newest: Option<(u64, u64)>,
    mark: Option<HighWaterMark>,
    now_ms: u64,
    after: u64,
    expected: Option<HighWaterMark>,
) {
    let next = end(newest, mark).next_position(ONE_DAY, at(now_ms));
    let expected = expected.map(|next| HighWaterMark {
        revision: mark.map_or(1, |mark| mark.revision + 1),
        retention_before: mark.map_or(Retention::FOR_EVER, |mark| mark.retention_before),
        ..next
    });
    assert_eq!(next, NextPosition { after: Seq::new(after), mark: expected });
}

#[test]
fn no_mark_is_needed_where_nothing_ever_expired() {
    let next = end(Some((7, 0)), None).next_position(Retention::FOR_EVER, at(u64::MAX / 2));
    assert_eq!(next, NextPosition { after: Some(seq(7)), mark: None });
}

#[test]
fn positions_are_reserved_before_the_first_of_them_is_used() {
    check(None, None, 5, 0, Some(mark(0, 5, 64)));
    check(None, Some(mark(0, 5, 64)), 6, 0, None);
    check(Some((63, 5)), Some(mark(0, 5, 64)), 6, 63, None);
    check(Some((64, 5)), Some(mark(0, 5, 64)), 6, 64, Some(mark(64, 6, 128)));
}

#[test]
fn a_log_that_was_emptied_goes_on_after_its_reserved_positions() {
    check(None, Some(mark(0, 5, 64)), 5 + DAY_MS, 64, Some(mark(64, 5 + DAY_MS, 128)));
    check(None, Some(mark(64, 5 + DAY_MS, 128)), 6 + DAY_MS, 64, None);
}

#[test]
fn reserved_positions_of_which_none_was_used_are_not_skipped() {
    check(None, Some(mark(0, 5, 64)), DAY_MS - 130_000, 0, None);
    check(None, Some(mark(0, 5, 64)), DAY_MS - 100_000, 0, Some(mark(0, DAY_MS - 100_000, 64)));
}

#[test]
fn the_position_of_a_newest_entry_that_may_expire_is_recorded_first() {
    let newest = Some((7, 5));
    check(newest, Some(mark(0, 5, 64)), DAY_MS - 130_000, 7, None);
    check(newest, Some(mark(0, 5, 64)), DAY_MS - 100_000, 7, Some(mark(7, DAY_MS - 100_000, 64)));
    check(newest, Some(mark(7, DAY_MS - 100_000, 64)), DAY_MS, 7, None);
}

/// DynamoDB removes expired items in no particular order.
#[test]
fn an_expired_entry_may_not_have_been_the_newest() {
    check(Some((7, 5)), Some(mark(0, 5, 64)), DAY_MS, 64, Some(mark(64, DAY_MS, 128)));
}

#[test]
fn a_late_writer_goes_on_where_another_has_gone_on() {
    check(Some((7, 5)), Some(mark(64, DAY_MS + 5, 128)), DAY_MS + 6, 64, None);
}

/// Eleven entries under a retention of one day, all or some of them removed; then another setting.
#[test]
fn the_setting_of_today_proves_nothing_about_earlier_entries() {
    for today in [Retention::FOR_EVER, Retention::days(7), MONTH] {
        for newest in [None, Some((10, 5))] {
            let next = end(newest, Some(mark(0, 5, 64))).next_position(today, at(3 * DAY_MS));
            assert_eq!(next.after, Some(seq(64)), "{newest:?} under {today:?}");
            assert_eq!(next.mark.map(|mark| mark.retention), Some(today));
        }
    }
}

#[test]
fn an_entry_that_stays_does_not_hide_what_expired_after_it() {
    let before = Newest { seq: seq(10), sent_at: at(0), mark_revision: 0 };
    let end = LogEnd { newest: Some(before), mark: Some(mark(10, 5, 74)) };
    for today in [Retention::FOR_EVER, ONE_DAY, MONTH] {
        assert_eq!(end.next_position(today, at(2 * DAY_MS)).after, Some(seq(74)), "under {today:?}");
        assert!(end.may_hide_newer(at(2 * DAY_MS)));
    }
}

#[test]
fn a_change_of_the_setting_leaves_no_hole_where_nothing_has_expired() {
    let raised = end(Some((7, 5)), Some(mark(0, 5, 64))).next_position(MONTH, at(6));
    let next = HighWaterMark { retention: MONTH, retention_before: ONE_DAY, revision: 2, ..mark(7, 6, 64) };
    assert_eq!(raised, NextPosition { after: Some(seq(7)), mark: Some(next) });
    // The entry that was appended after the change proves for long that nothing followed it.
    assert_eq!(end(Some((8, 6)), Some(next)).next_position(MONTH, at(9 * DAY_MS)).after, Some(seq(8)));
    // An entry of the shorter setting, whose send was under way at the change, does not.
    let slow = Newest { seq: seq(8), sent_at: at(6), mark_revision: 1 };
    let slow = LogEnd { newest: Some(slow), mark: Some(next) };
    assert_eq!(slow.next_position(MONTH, at(9 * DAY_MS)).after, Some(seq(64)));
}

#[test]
fn a_lower_setting_is_recorded_before_it_is_used() {
    let month = HighWaterMark { retention: MONTH, ..mark(0, 5, 64) };
    let next = end(Some((7, 5)), Some(month)).next_position(ONE_DAY, at(6)).mark.unwrap();
    assert_eq!((next.retention, next.retention_before, next.revision), (ONE_DAY, MONTH, 2));
    assert_eq!((next.used_through, next.reserved_through), (Some(seq(7)), seq(64)));
}

#[test]
fn a_mark_from_before_marks_had_a_retention_proves_nothing() {
    let old = HighWaterMark::of_unknown_retention(None, at(5), seq(64), 0);
    let next = end(Some((11, 5)), Some(old)).next_position(ONE_DAY, at(6));
    assert_eq!(next.after, Some(seq(64)));
    assert_eq!(next.mark.map(|mark| (mark.reserved_through, mark.revision)), Some((seq(128), 1)));
    assert_eq!(end(Some((64, 5)), Some(old)).next_position(Retention::FOR_EVER, at(6)).mark, None);
}

#[test]
fn a_time_of_the_future_proves_nothing() {
    let tomorrow = 2 * DAY_MS;
    check(Some((7, tomorrow)), Some(mark(0, 5, 64)), DAY_MS, 64, Some(mark(64, DAY_MS, 128)));
    check(None, Some(mark(3, tomorrow, 64)), DAY_MS, 64, Some(mark(64, DAY_MS, 128)));
}

/// The newest entry remains, but an entry that a wrong clock wrote after it may be removed.
#[test]
fn a_log_goes_on_after_its_reserved_positions_where_the_clock_went_back_by_more_than_40_seconds() {
    let first = end(None, None).next_position(ONE_DAY, at(DAY_MS)).mark;
    for (back_ms, after) in [(0, 2), (40_000, 2), (40_001, 64), (3_000_000, 64)] {
        let next = end(Some((2, DAY_MS)), first).next_position(ONE_DAY, at(DAY_MS - back_ms));
        assert_eq!(next.after, Seq::new(after), "{back_ms}");
    }
    // Without a retention no entry is ever removed.
    let next = end(Some((2, DAY_MS)), None).next_position(Retention::FOR_EVER, at(0));
    assert_eq!(next.after, Seq::new(2));
}

#[test]
fn a_mark_that_is_older_than_the_newest_entry_is_noticed() {
    let newest = Newest { seq: seq(8), sent_at: at(6), mark_revision: 2 };
    assert!(LogEnd { newest: Some(newest), mark: Some(mark(0, 5, 64)) }.has_old_mark());
    assert!(LogEnd { newest: Some(newest), mark: None }.has_old_mark());
    assert!(!end(Some((8, 6)), Some(mark(0, 5, 64))).has_old_mark());
}

#[test]
fn reserved_positions_are_no_content() {
    let whole = end(Some((64, 5)), Some(mark(0, 5, 64)));
    assert!(!whole.may_have_been_used(seq(65), at(9 * DAY_MS)));
    let fresh = end(Some((7, 5)), Some(mark(0, 5, 64)));
    assert!(!fresh.may_have_been_used(seq(8), at(6)));
    assert!(!fresh.may_have_been_used(seq(64), at(DAY_MS - 60_000)), "another process may find it certain");
    assert!(!end(None, None).may_have_been_used(seq(1), at(6)));
}

#[test]
fn a_position_that_may_have_expired_counts_as_used() {
    let emptied = end(None, Some(mark(0, 5, 64)));
    assert!(emptied.may_have_been_used(seq(11), at(DAY_MS)));
    assert!(!emptied.may_have_been_used(seq(65), at(DAY_MS)));
    let recorded = end(None, Some(mark(7, 5, 64)));
    assert!(recorded.may_have_been_used(seq(7), at(6)));
    assert!(!recorded.may_have_been_used(seq(8), at(6)));
}
