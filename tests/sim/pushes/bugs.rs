//! The simulation of pushes finds each planted bug.

use super::overtaken::read_on_two;
use super::server::Bug;
use super::simulate;
use crate::bugs::check_found_by;

/// Seeds of which one must find a bug.
const SEEDS: u64 = 2_000;

#[track_caller]
fn check_found(bug: Bug) {
    check_found_by(simulate, SEEDS, bug);
}

#[test]
fn an_alert_that_is_published_before_it_is_stored_is_found() {
    check_found(Bug::PublishedBeforeTheRow);
}

#[test]
fn a_window_that_is_not_kept_is_found() {
    check_found(Bug::WindowNotKept);
}

#[test]
fn an_unread_count_that_a_read_does_not_reset_is_found() {
    check_found(Bug::CountKeptWhenRead);
}

#[test]
fn absence_that_is_decided_before_the_append_is_found() {
    check_found(Bug::SessionsReadBeforeTheAppend);
}

#[test]
fn alerts_replaced_without_compare_are_found() {
    check_found(Bug::AlertsReplacedWithoutCompare);
}

#[test]
fn a_lease_that_ends_without_an_alert_is_found() {
    check_found(Bug::SilenceForgotten);
}

#[test]
fn a_reading_device_that_is_never_cleared_is_found() {
    check_found_by(read_on_two, SEEDS, Bug::ReaderNeverNotified);
}

#[test]
fn a_message_that_moves_no_marker_is_found() {
    check_found(Bug::OwnMarkLeft);
}

#[test]
fn a_message_that_marks_itself_is_found() {
    check_found(Bug::OwnMarkOnTheMessage);
}

#[test]
fn a_message_that_marks_what_its_author_had_not_read_is_found() {
    check_found(Bug::ReadSeqIgnored);
}

#[test]
fn idleness_that_is_ignored_is_found() {
    check_found(Bug::IdleIgnored);
}

#[test]
fn idleness_that_suppresses_alerts_is_found() {
    check_found(Bug::IdleSuppresses);
}

#[test]
fn idleness_of_one_device_that_counts_for_all_is_found() {
    check_found(Bug::IdleOnOneIsIdle);
}
