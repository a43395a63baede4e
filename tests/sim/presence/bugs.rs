//! The simulation of presence finds each planted bug.

use super::meeting::meet;
use super::server::Bug;
use super::simulate;
use crate::{broken_by, number_from_env};

/// Among so many seeds one must find a bug.
const SEEDS: u64 = 2_000;

#[track_caller]
fn check_found(bug: Bug) {
    check_found_by(simulate, bug);
}

/// See `crate::bugs`.
#[track_caller]
fn check_found_by(simulate: impl Fn(u64, Option<Bug>) -> Result<(), String> + Sync, bug: Bug) {
    let first = number_from_env("CONFAB_SIM_BASE").unwrap_or(0);
    if let Some(count) = number_from_env("CONFAB_SIM_COUNT") {
        let found = broken_by(first, count, |seed| simulate(seed, Some(bug)));
        eprintln!("{bug:?}: {} of {count} seeds, first {:?}", found.len(), found.first());
        return;
    }
    let found = (first..first + SEEDS).find(|seed| simulate(*seed, Some(bug)).is_err());
    let Some(seed) = found else { panic!("none of {SEEDS} seeds finds {bug:?}") };
    assert_eq!(simulate(seed, None), Ok(()), "seed {seed} fails without {bug:?} too");
}

#[test]
fn a_look_that_is_queued_after_the_row_names_it_is_found() {
    check_found(Bug::LookQueuedAfterTheRow);
}

#[test]
fn presence_replaced_without_compare_is_found() {
    check_found(Bug::ReplaceWithoutCompare);
}

#[test]
fn telling_without_looking_again_is_found() {
    check_found(Bug::ToldWithoutLookingAgain);
}

#[test]
fn a_renewal_that_keeps_the_end_is_found() {
    check_found(Bug::RenewKeepsTheEnd);
}

#[test]
fn a_friend_who_looks_without_a_probe_is_found() {
    check_found(Bug::LookedAtWithoutProbe);
}

#[test]
fn being_alone_marked_after_looking_around_is_found() {
    check_found_by(meet, Bug::AloneMarkedLater);
}
