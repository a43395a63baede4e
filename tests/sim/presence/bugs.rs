//! The simulation of presence finds each planted bug.

use super::arrivals::arrive;
use super::glimpses::glimpse;
use super::meeting::meet;
use super::pairs::begin_and_end;
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
fn a_lease_check_queued_after_the_row_names_it_is_found() {
    check_found(Bug::CheckQueuedAfterTheRow);
}

#[test]
fn presence_replaced_without_compare_is_found() {
    check_found(Bug::ReplaceWithoutCompare);
}

#[test]
fn notifying_without_reading_again_is_found() {
    check_found(Bug::NotifiedWithoutReadingAgain);
}

#[test]
fn a_renewal_that_keeps_the_end_is_found() {
    check_found(Bug::RenewKeepsTheEnd);
}

#[test]
fn a_friend_who_observes_without_a_probe_is_found() {
    check_found(Bug::ObservedWithoutProbe);
}

#[test]
fn notifying_all_friends_again_for_one_connection_is_found() {
    check_found(Bug::AllNotifiedAgain);
}

#[test]
fn an_unreached_friend_who_is_not_notified_again_is_found() {
    check_found(Bug::UnreachedDropped);
}

#[test]
fn a_connection_that_takes_nothing_and_is_never_closed_is_found() {
    check_found(Bug::SlowNeverClosed);
}

#[test]
fn a_failed_record_that_is_not_retried_is_found() {
    check_found(Bug::FailedRecordDropped);
}

#[test]
fn a_failed_record_that_is_hidden_for_long_is_found() {
    check_found(Bug::FailedRecordHidden);
}

#[test]
fn a_last_offline_that_is_dropped_is_found() {
    check_found(Bug::LastOfflineDropped);
}

#[test]
fn a_present_state_that_is_dropped_is_found() {
    check_found(Bug::PresentStateDropped);
}

#[test]
fn an_answer_that_is_not_corrected_is_found() {
    check_found_by(glimpse, SEEDS, Bug::AnswerNotCorrected);
}

#[test]
fn a_lease_check_that_is_queued_twice_is_found() {
    check_found(Bug::CheckQueuedTwice);
}

#[test]
fn a_pair_notification_queued_after_the_change_is_found() {
    check_found(Bug::PairQueuedAfterTheChange);
}

#[test]
fn a_pair_that_is_notified_of_another_change_is_found() {
    check_found_by(begin_and_end, SEEDS, Bug::PairNotifiedOfAnyChange);
}

#[test]
fn a_pair_that_is_notified_later_is_found() {
    check_found_by(begin_and_end, SEEDS, Bug::PairNotifiedLater);
}

#[test]
fn friends_that_are_not_read_again_are_found() {
    check_found_by(arrive, SEEDS, Bug::FriendsNotReadAgain);
}

#[test]
fn friends_read_before_the_connection_is_registered_are_found() {
    check_found_by(arrive, SEEDS, Bug::FriendsReadBeforeTheRecord);
}

#[test]
fn a_user_marked_as_alone_after_the_search_for_observers_is_found() {
    check_found_by(meet, SEEDS, Bug::AloneMarkedLater);
}
