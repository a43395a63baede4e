//! A simulation of one conversation in which messages are sent again and again: several devices of a user, several
//! servers, lost answers, blocks, and claims that are forgotten soon because rows have few places.
//!
//! A resend is recognised exactly as guarantee 2 promises; [`places`] counts that.

mod check;
mod device;
mod marks;
mod places;
mod scenario;
mod server;
mod world;

use std::num::NonZeroU32;
use std::sync::Arc;

use confab_domain::ConversationId;

use crate::bugs::check_found_by;
use crate::check_seeds;
use crate::executor::Spawner;
use device::{Device, Other};
use scenario::Scenario;
use server::Bug;
use world::World;

/// Seeds of which none may break a guarantee.
const SEEDS_CHECKED: u64 = 400;

/// Seeds that are tried for each planted bug.
const SEEDS: u64 = 4_000;

/// Runs one seed to its end.
fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = Arc::new(World::new(Scenario::of(seed, bug)));
    let spawner = Spawner::default();
    world.make_the_conversation(&spawner);
    world.set_faulty(true);
    let devices = (0..world.scenario.devices).map(|n| Device::new(&world, &spawner, n));
    let living: Vec<_> = devices.map(|device| spawner.spawn(device.live())).collect();
    spawner.spawn(Other::new(&world, &spawner).live());
    world.run(&spawner);
    world.set_faulty(false);
    for device in living {
        spawner.spawn(device.take().unwrap().settle());
    }
    world.run(&spawner);
    check::check(&world);
    marks::check_mark(&world);
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn a_message_that_is_sent_again_is_one_message_under_every_fault() {
    check_seeds(SEEDS_CHECKED, |seed| simulate(seed, None));
}

#[track_caller]
fn check_found(bug: Bug) {
    check_found_by(simulate, SEEDS, bug);
}

#[test]
fn refused_sends_that_take_places_are_found() {
    check_found(Bug::RefusedTakePlaces);
}

#[test]
fn a_claim_that_is_not_renewed_is_found() {
    check_found(Bug::NotRenewed);
}

#[test]
fn keys_that_are_alike_and_not_renewed_are_found() {
    check_found(Bug::AlikeNotRenewed);
}

#[test]
fn a_head_that_is_trusted_after_a_claim_was_forgotten_is_found() {
    check_found(Bug::KnownHeadTrusted);
}

#[test]
fn content_that_is_not_compared_is_found() {
    check_found(Bug::ContentNotCompared);
}

#[test]
fn a_claim_that_is_released_though_another_send_found_it_is_found() {
    check_found(Bug::ReleasedByAnybody);
}

#[test]
fn a_release_of_another_sends_newer_claim_is_found() {
    check_found(Bug::ReleasesNewerClaim);
}

#[test]
fn an_unknown_outcome_that_frees_a_place_is_found() {
    check_found(Bug::UnknownFreesPlace);
}

#[test]
fn a_hit_that_does_not_renew_is_found() {
    check_found(Bug::HitNotRenewed);
}

#[test]
fn claims_that_count_attempts_are_found() {
    check_found(Bug::AttemptsCounted);
}

#[test]
fn a_duplicate_that_moves_no_marker_is_found() {
    check_found(Bug::MarkLeftByDuplicates);
}

#[test]
fn a_resend_that_marks_later_messages_is_found() {
    check_found(Bug::MarkAtTheEnd);
}

/// The id is known; the content that was sent under it is not.
#[test]
fn a_claim_of_an_expired_message_is_a_conflict_and_a_claim_without_later_messages_is_not() {
    let scenario = Scenario { retention: true, claims_max: 48, ..Scenario::healthy() };
    let world = Arc::new(World::new(scenario));
    let spawner = Spawner::default();
    world.make_the_conversation(&spawner);
    let send = |key: &str| world.send_and_wait(&spawner, key);
    assert!(!send("one").unwrap().duplicate);
    world.claims_only(&spawner, "never appended");
    assert!(!send("two").unwrap().duplicate);
    world.pass(3600);
    assert!(!send("never appended").unwrap().duplicate, "nothing has expired yet");
    world.claims_only(&spawner, "never appended either");
    world.pass(3 * 24 * 3600);
    assert!(send("one").unwrap().duplicate, "it has expired, and is not swept");
    world.sweep();
    assert!(send("one").is_err());
    assert!(send("two").is_err());
    assert!(send("never appended either").is_err(), "it may have been swept");
    let fresh = send("three").unwrap();
    assert!(!fresh.duplicate);
    assert!(send("one").is_err(), "also after later messages");
    assert_eq!(send("three").unwrap().seq, fresh.seq);
    assert!(matches!(world.conversation, ConversationId::Dm { .. }));
}

/// A send may take 30 seconds, and a later claim of its id may have a clock that is 10 seconds ahead.
#[test]
fn a_slow_send_is_not_refused_for_the_claim_of_one_that_began_later() {
    let world = Arc::new(World::new(Scenario { retention: true, claims_max: 48, ..Scenario::healthy() }));
    let spawner = Spawner::default();
    world.make_the_conversation(&spawner);
    world.pass(40);
    world.claims_only(&spawner, "one");
    world.turn_back(40);
    assert!(!world.send_and_wait(&spawner, "one").unwrap().duplicate);
}

#[test]
fn an_old_claim_is_used_where_no_message_can_have_expired() {
    let world = Arc::new(World::new(Scenario { claims_max: 48, ..Scenario::healthy() }));
    let spawner = Spawner::default();
    world.make_the_conversation(&spawner);
    let send = |key: &str| world.send_and_wait(&spawner, key);
    world.claims_only(&spawner, "old");
    for n in 0..20 {
        assert!(!send(&format!("{n}")).unwrap().duplicate);
    }
    world.pass(30 * 24 * 3600);
    assert!(!send("old").unwrap().duplicate);
    assert!(send("old").unwrap().duplicate);
}

/// Pages here have one entry each: from the newest backwards, and around the claim.
const PAGES_MAX: u64 = 2 * 256 + 40;

#[test]
fn a_message_far_back_is_found_around_its_claim_without_reading_the_log() {
    let page_max = NonZeroU32::new(1).unwrap();
    let world = Arc::new(World::new(Scenario { claims_max: 48, page_max, ..Scenario::healthy() }));
    let spawner = Spawner::default();
    world.make_the_conversation(&spawner);
    world.fill(500);
    let first = world.send_and_wait(&spawner, "one").unwrap();
    world.claims_only(&spawner, "never appended");
    world.fill(1_500);
    let before = world.pages();
    let again = world.send_and_wait(&spawner, "one").unwrap();
    assert_eq!((again.seq, again.duplicate), (first.seq, true));
    assert!(world.pages() - before <= PAGES_MAX, "{} pages", world.pages() - before);
    assert!(world.send_and_wait(&spawner, "never appended").is_err(), "the outcome is unknown");
    assert!(world.pages() - before <= 2 * PAGES_MAX, "{} pages", world.pages() - before);
}

#[test]
fn a_claim_by_a_clock_that_was_ahead_does_not_end_a_search() {
    let day = 24 * 3600;
    let world = Arc::new(World::new(Scenario { claims_max: 48, ..Scenario::healthy() }));
    let spawner = Spawner::default();
    world.make_the_conversation(&spawner);
    world.fill(3);
    world.pass(day);
    let first = world.send_and_wait(&spawner, "one").unwrap();
    let second = world.send_and_wait(&spawner, "two").unwrap();
    world.turn_back(day);
    world.fill(20);
    for (key, sent) in [("one", &first), ("two", &second)] {
        let again = world.send_and_wait(&spawner, key).unwrap();
        assert_eq!((again.seq, again.duplicate), (sent.seq, true), "while the claim is in the future");
    }
    world.send_and_wait(&spawner, "three").unwrap();
    world.pass(2 * day);
    world.fill(20);
    let again = world.send_and_wait(&spawner, "two").unwrap();
    assert_eq!((again.seq, again.duplicate), (second.seq, true), "later claims show its age");
}
