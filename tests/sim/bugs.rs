//! The simulation finds each planted bug.

use std::fmt::Debug;

use crate::planted::Bug;
use crate::{broken_by, number_from_env, simulate};

/// Seeds to try for one bug. The rarest bug takes about a thousand.
const SEEDS: u64 = 20_000;

#[track_caller]
fn check_found(bug: Bug) {
    check_found_by(simulate, SEEDS, bug);
}

/// Checks that some seed finds the bug, and that the same seed passes without it.
///
/// `CONFAB_SIM_BASE` is the first seed. With `CONFAB_SIM_COUNT`, that many seeds run, and the seeds that find the bug
/// are counted.
#[track_caller]
pub(crate) fn check_found_by<B: Copy + Debug + Sync>(
    simulate: impl Fn(u64, Option<B>) -> Result<(), String> + Sync,
    seeds: u64,
    bug: B,
) {
    let first = number_from_env("CONFAB_SIM_BASE").unwrap_or(0);
    if let Some(count) = number_from_env("CONFAB_SIM_COUNT") {
        let found = broken_by(first, count, |seed| simulate(seed, Some(bug)));
        eprintln!("{bug:?}: {} of {count} seeds, first {:?}", found.len(), found.first());
        return;
    }
    let found = (first..first + seeds).find(|seed| simulate(*seed, Some(bug)).is_err());
    let Some(seed) = found else { panic!("none of {seeds} seeds finds {bug:?}") };
    assert_eq!(simulate(seed, None), Ok(()), "seed {seed} fails without {bug:?} too");
}

#[test]
fn an_append_without_condition_is_found() {
    check_found(Bug::AppendWithoutCondition);
}

#[test]
fn a_missing_claim_is_found() {
    check_found(Bug::NoClaim);
}

#[test]
fn a_lost_race_that_reads_only_the_newest_entry_is_found() {
    check_found(Bug::OnlyTheNewestIsReadAgain);
}

#[test]
fn sessions_read_before_the_append_are_found() {
    check_found(Bug::SessionsReadBeforeTheAppend);
}

#[test]
fn a_stale_sync_is_found() {
    check_found(Bug::StaleSync);
}

#[test]
fn a_search_that_ends_with_the_tail_is_found() {
    check_found(Bug::TailBesideTheClaimTrusted);
}

#[test]
fn a_conversation_in_one_inbox_only_is_found() {
    check_found(Bug::OneInboxRow);
}

#[test]
fn a_high_water_mark_that_is_trusted_for_ever_is_found() {
    check_found(Bug::MarkForEver);
}

#[test]
fn lifetimes_computed_from_todays_setting_are_found() {
    check_found(Bug::LivesOfTodaysSetting);
}

#[test]
fn a_mark_that_is_not_read_where_nothing_expires_is_found() {
    check_found(Bug::MarkUnreadWhereNothingExpires);
}

#[test]
fn reserved_positions_that_are_taken_for_content_are_found() {
    check_found(Bug::ReservedTakenForContent);
}

#[test]
fn members_read_before_the_append_are_found() {
    check_found(Bug::MembersReadBeforeTheAppend);
}

#[test]
fn a_fan_out_that_ignores_when_members_joined_is_found() {
    check_found(Bug::JoinedIgnored);
}

#[test]
fn a_send_that_misses_the_removal_of_its_sender_is_found() {
    check_found(Bug::NotNotifiedOfRemoval);
}

#[test]
fn a_commit_on_any_version_is_found() {
    check_found(Bug::CommitOnAnyVersion);
}

#[test]
fn a_row_that_leaves_later_is_found() {
    check_found(Bug::RowLeavesLater);
}

#[test]
fn a_log_that_members_can_read_in_full_is_found() {
    check_found(Bug::WholeLogReadable);
}

#[test]
fn a_membership_that_is_read_before_the_log_is_found() {
    check_found(Bug::MembershipReadBeforeLog);
}

#[test]
fn a_resumed_sync_that_skips_a_row_is_found() {
    check_found(Bug::ResumeSkipsTheNextRow);
}

#[test]
fn a_resumed_sync_that_forgets_the_rest_of_a_row_is_found() {
    check_found(Bug::ResumeForgetsTheRestOfARow);
}

#[test]
fn a_join_on_any_count_is_found() {
    check_found(Bug::JoinsOnAnyCount);
}

#[test]
fn a_leaving_taken_for_a_removal_is_found() {
    check_found(Bug::LeavingTakenForRemoval);
}

#[test]
fn a_written_message_that_does_not_count_as_an_answer_is_found() {
    check_found(Bug::AnswersDoNotCount);
}

#[test]
fn an_ended_row_that_is_lost_when_its_user_is_back_is_found() {
    check_found(Bug::EndedRowsLost);
}

#[test]
fn a_sync_that_omits_groups_its_user_has_left_is_found() {
    check_found(Bug::EndedRowsUnread);
}

#[test]
fn a_row_of_a_group_that_was_never_created_is_found() {
    check_found(Bug::DeadRowsStay);
}
