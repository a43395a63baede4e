//! A test for every sentence.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Makes a `#[test]` of every sentence, each on its own store.
///
/// `block_on` runs a future to its end. `store` is an expression that makes a store; it is evaluated inside that
/// future, so it may await.
///
/// ```text
/// confab_contract::suite!(block_on = confab_contract::block_on, store = Memory::default());
/// ```
#[macro_export]
macro_rules! suite {
    (block_on = $block_on:expr, store = $store:expr $(,)?) => {
        $crate::suite! { @port $block_on, $store, message_log:
            an_append_at_a_free_position_is_written
            an_append_at_a_taken_position_gives_the_occupant_whole
            an_empty_list_of_mentions_and_no_answer_read_back_so
            of_racing_appends_at_a_position_exactly_one_is_written
            racing_writers_leave_a_log_without_a_hole
            the_same_append_twice_finds_itself
            a_message_that_expires_reads_back_the_same
            logs_of_different_conversations_are_independent
            a_log_that_never_had_a_message_has_no_head
            a_tail_gives_the_newest_first_and_whether_there_may_be_more
        }
        $crate::suite! { @port $block_on, $store, high_water:
            the_end_of_a_log_is_its_tail_with_its_mark
            a_mark_is_no_message
            a_mark_reads_back_whole
            a_mark_is_replaced_only_by_the_next_revision
            of_racing_marks_exactly_one_is_set
            the_mark_sorts_after_the_largest_position
        }
        $crate::suite! { @port $block_on, $store, message_pages:
            a_page_of_an_empty_log_is_empty
            a_page_goes_up_or_down_within_its_bounds
            a_range_beyond_the_log_is_empty
            pages_up_and_down_tile_whatever_their_size
            a_page_after_an_append_has_it
            large_messages_tile_too
            a_page_is_cut_where_its_texts_are_long_together
            headings_tile_as_pages_do_however_long_the_texts
        }
        $crate::suite! { @port $block_on, $store, message_texts:
            a_text_of_one_byte_reads_back
            a_text_of_a_kilobyte_reads_back
            the_longest_ascii_text_reads_back
            the_longest_text_in_bytes_reads_back
            an_incompressible_text_reads_back
            the_longest_incompressible_text_reads_back
            a_large_occupant_is_given_whole
            a_hundred_mentions_read_back
        }
        $crate::suite! { @port $block_on, $store, inboxes:
            opening_makes_the_rows_of_both
            opening_again_keeps_the_rows
            rows_of_racing_openings_are_there_once
            a_list_is_ascending_and_its_pages_tile
            a_missing_row_is_none
            a_read_mark_only_moves_forward
            a_mute_is_set_moved_and_ended
            an_outsider_marks_and_mutes_nothing
        }
        $crate::suite! { @port $block_on, $store, claims:
            a_claim_is_fresh_once_and_then_repeated_with_its_time
            a_claim_without_a_row_is_not_a_members
            the_last_48_claims_are_remembered_and_no_more
            a_claim_gives_the_time_of_the_forgotten_claim
            a_claim_gives_the_time_of_the_released_claim_whose_place_it_takes
            a_claim_counts_for_one_user_and_one_conversation
            keys_of_any_bytes_are_distinguished
            of_concurrent_claims_of_a_key_exactly_one_is_fresh
            a_request_that_is_repeated_finds_its_own_claim_fresh
            a_released_claim_takes_no_place
            sends_that_are_under_way_and_refused_forget_no_message
            a_renewed_claim_is_not_released
            a_release_frees_no_claim_of_an_attempt_that_is_alike
            a_release_frees_no_newer_claim_of_its_key
            a_claim_is_no_later_than_those_that_followed_it
            a_renewed_claim_is_the_newest_and_keeps_its_time
            a_renewal_records_a_released_or_forgotten_claim
            two_keys_that_are_alike_to_a_store_are_both_remembered
            a_claim_of_a_former_member_is_released
            a_window_changed_in_every_way_has_the_newest_claims
        }
        $crate::suite! { @port $block_on, $store, alerts:
            alerts_read_back_whole_and_the_rest_of_the_row_stays
            alerts_that_were_not_seen_are_not_replaced
            of_racing_alerts_exactly_one_is_written
            alerts_are_not_replaced_after_the_user_has_read_on
            alerts_are_not_replaced_after_a_mute_was_set_moved_or_ended
            a_claim_in_between_does_not_prevent_a_replacement
            only_present_members_are_alerted
            marking_read_gives_the_alerts_from_before
            a_skim_gives_what_a_list_gives
        }
        $crate::suite! { @port $block_on, $store, groups:
            a_group_is_made_whole
            an_unknown_group_is_none
            a_group_is_made_once
            a_commit_makes_version_entry_and_row_together
            a_commit_without_a_row_leaves_the_rows_as_they_are
            of_racing_commits_on_one_version_exactly_one_is_made
            a_commit_on_an_old_version_makes_nothing
            a_commit_at_a_taken_position_makes_nothing
            of_a_commit_and_an_append_at_a_position_exactly_one_is_made
            a_commit_that_expires_reads_back_the_same
            groups_are_read_together_and_missing_ones_left_out
            a_deleted_group_reads_back_as_such
            a_hundred_members_and_a_name_in_any_script_read_back
            entries_of_every_kind_read_back
        }
        $crate::suite! { @port $block_on, $store, inboxes_groups:
            a_row_begins_where_its_user_joins
            a_row_ends_where_its_user_leaves
            a_user_who_leaves_refuses_adds_until_they_accept_them
            a_returning_member_keeps_both_memberships_and_the_rest_of_the_row
            a_former_member_claims_marks_and_mutes_nothing
            leaving_again_has_no_effect
            leaving_ends_the_row_of_one_user_in_one_group
            leaving_without_a_row_makes_none
            the_latest_memberships_are_remembered
            a_list_has_present_memberships_only
            a_returning_member_is_listed_again
            a_claim_is_released_after_its_user_was_removed
        }
        $crate::suite! { @port $block_on, $store, memberships:
            each_membership_is_counted_with_its_row
            a_join_on_an_outdated_count_is_not_made
            a_count_is_replaced_only_on_the_count_that_was_read
            a_commit_on_an_outdated_count_makes_nothing
            of_racing_joins_on_one_count_exactly_one_is_made
            a_row_names_the_adder_and_whether_its_user_has_written
            an_add_by_a_friend_clears_the_earlier_adder
            a_row_of_a_group_that_was_never_made_is_forgotten
            a_row_with_another_membership_is_not_forgotten
        }
        $crate::suite! { @port $block_on, $store, sessions:
            opening_a_connection_gives_the_row_as_it_is_then
            a_connection_opened_again_is_there_once
            racing_openings_are_all_registered
            a_user_without_a_row_has_none
            a_glance_gives_a_row_whole
            closing_a_connection_keeps_the_others
            closing_an_unknown_connection_is_ignored
            closing_the_last_connection_keeps_the_lease
            rows_of_any_number_of_users_are_read_and_missing_ones_left_out
        }
        $crate::suite! { @port $block_on, $store, places:
            a_device_has_a_bounded_number_of_connections_however_many_open_concurrently
            a_device_whose_connections_have_all_closed_begins_anew
            any_number_of_connections_changes_in_one_call
            a_displaced_connection_is_remembered_and_no_longer_registered
            a_connection_is_registered_again_while_its_login_lives
            a_connection_is_registered_again_only_in_a_free_place_and_unless_displaced
            of_racing_reopenings_no_more_succeed_than_there_are_places
        }
        $crate::suite! { @port $block_on, $store, presence:
            presence_reads_back_whole_and_connections_stay
            presence_that_was_not_read_is_not_replaced
            presence_that_had_fewer_parts_when_it_was_read_is_not_replaced
            presence_of_an_unknown_user_is_not_replaced
            a_repeated_replacement_counts_as_made
            a_replacement_that_a_renewal_hides_counts_as_not_made
            of_racing_replacements_exactly_one_is_made
            a_replacement_and_a_connection_that_race_both_count
            opening_a_connection_renews_the_lease_and_keeps_the_user_alone
            a_renewal_keeps_the_user_alone
            a_renewal_keeps_the_attendance_of_each_connection
            a_renewal_by_an_unknown_connection_changes_nothing
        }
        $crate::suite! { @port $block_on, $store, contacts:
            strangers_have_an_empty_relation
            both_of_a_pair_see_a_change
            relations_read_back_whole
            a_change_of_an_outdated_pair_is_not_made
            of_racing_changes_of_a_pair_at_most_one_is_made
            an_empty_relation_is_not_listed
            one_relation_of_a_pair_may_be_empty
            contacts_are_ascending_and_their_pages_tile
            a_page_goes_on_after_the_given_contact
            relations_to_a_hundred_users_are_read_together_and_strangers_left_out
            pairs_are_independent
        }
        $crate::suite! { @port $block_on, $store, users:
            an_account_is_found_by_id_and_by_handle
            the_first_device_is_made_with_the_account
            a_taken_handle_is_refused_and_nothing_is_written
            of_racing_accounts_one_gets_the_handle
            an_unknown_user_is_none
            a_profile_changes_field_by_field
            an_avatar_is_set_and_removed
            the_profile_of_an_unknown_user_cannot_change
            profiles_of_a_hundred_users_are_read_together_and_missing_ones_left_out
            a_password_is_changed_on_the_count_that_was_read
            a_hash_is_renewed_on_the_one_that_was_read
            the_password_of_an_unknown_user_cannot_change
            of_racing_changes_of_a_password_exactly_one_is_made
            a_claim_of_a_password_change_excludes_other_devices_until_it_is_over
            an_invite_makes_as_many_accounts_as_it_has_uses
            an_account_that_is_not_made_uses_no_invite
            of_racing_accounts_no_more_are_made_than_their_invite_has_uses
        }
        $crate::suite! { @port $block_on, $store, devices:
            a_device_reads_back_whole
            a_login_on_the_same_device_replaces_it
            the_devices_of_a_user_are_listed
            an_unknown_device_is_none
            a_rotation_moves_to_the_next_generation
            a_rotation_replaces_all_of_the_one_before
            a_rotation_of_another_generation_gives_the_device_and_changes_nothing
            a_rotation_of_an_ended_login_makes_nothing
            of_racing_rotations_one_is_made_and_the_others_see_it
            the_use_of_the_current_generation_is_recorded
            a_device_is_removed_whatever_its_family
            a_device_of_another_family_stays
            removing_an_unknown_device_is_false
        }
        $crate::suite! { @port $block_on, $store, push_tokens:
            a_registration_reads_back_whole
            registering_again_changes_nothing
            a_second_token_replaces_the_first_and_gives_it_back
            the_same_token_with_another_endpoint_gives_nothing_back
            a_token_moves_between_devices_and_users
            a_token_that_moves_takes_no_other_token_away
            an_ended_login_registers_nothing
            a_login_on_the_same_device_starts_unregistered
            a_dropped_registration_is_removed_and_its_token_free
            a_registration_that_moved_to_another_device_is_not_dropped
            a_later_registration_of_the_device_is_not_dropped
            a_registration_of_a_removed_device_is_dropped
            of_racing_registrations_of_a_token_exactly_one_has_it
            a_rotation_keeps_the_registration
        }
        $crate::suite! { @port $block_on, $store, rate_limits:
            a_burst_passes_and_the_next_refusal_names_its_pause
            time_fills_a_bucket
            a_refused_try_costs_nothing
            refilling_ends_the_wait
            refilling_an_unused_bucket_has_no_effect
            buckets_are_independent
            concurrent_tries_never_exceed_the_burst
            a_check_has_the_outcome_of_a_take_and_takes_nothing
            a_time_that_a_wrong_clock_wrote_refuses_no_try
            a_burst_passes_whichever_clock_is_ahead
        }
        $crate::suite! { @port $block_on, $store, budgets:
            charges_add_up_whatever_the_hint
            budgets_are_charged_side_by_side
            of_racing_charges_none_is_lost
            a_charge_makes_no_session_and_a_connection_keeps_it
            a_charge_does_not_renew_the_lease
            a_renewal_adds_charges_and_gives_the_total
            a_renewal_by_an_unknown_connection_adds_nothing
            a_charge_beyond_the_longest_debt_is_cut
            a_charge_is_not_added_to_a_time_that_a_wrong_clock_wrote
        }
    };
    (@port $block_on:expr, $store:expr, $port:ident: $($sentence:ident)*) => {
        mod $port {
            use super::*;
            $(
                #[test]
                fn $sentence() {
                    let ids = $crate::Ids::of(stringify!($sentence));
                    ($block_on)(async move {
                        let store = $store;
                        $crate::$port::$sentence(&store, ids).await;
                    });
                }
            )*
        }
    };
}

/// Runs a future to its end by polling it again and again. Enough for a store that waits for nothing outside the
/// future.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_sentence_is_forgotten() {
        let suite = include_str!("suite.rs");
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
        let files: Vec<String> =
            folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        let mut count = 0;
        for line in files.iter().flat_map(|file| file.lines()) {
            let Some(signature) = line.strip_prefix("pub async fn ") else { continue };
            let name = signature.split(['(', '<']).next().unwrap_or_default();
            assert!(suite.lines().any(|listed| listed.trim() == name), "{name} is not in the suite");
            count += 1;
        }
        assert!(count > 100, "sentences are declared otherwise than this test searches: {count}");
    }
}
