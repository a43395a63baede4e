//! Two friends who stay online while their friendship begins and ends. To either user, the end looks like the other
//! going offline, and the start like the other coming online.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::{ContactChange, Timestamp};

use super::clock::START;
use super::device::Device;
use super::ledger::{Report, Source};
use super::scenario::Scenario;
use super::server::Bug;
use super::world::World;
use super::{FOR_EVER, two_friends};
use crate::broken_by;
use crate::executor::mortal;
use crate::world::{identity, user};

const SEEDS: u64 = 100;

/// Number of changes in a world.
const CHANGES: usize = 12;

/// Polls within which a request may crash: more than it takes.
const DIES_WITHIN: u64 = 30;

/// Longest time from the end of a request that makes a change to the notification of both users.
const PROMPT: Duration = Duration::from_millis(300);

/// Largest difference between a shown activity time and the frame that it comes from.
const TOLERANCE: Duration = Duration::from_millis(2_100);

/// A change that was made.
#[derive(Clone, Copy, Debug)]
struct Made {
    began: Timestamp,
    ended: Timestamp,
    sees: bool,
}

/// Makes changes one after the other; each undoes the last one or starts a new one.
async fn change_the_pair(world: Arc<World>) {
    use ContactChange::{Block, Put, Remove, Unblock};
    let random = Arc::clone(&world.random);
    let mut made: Vec<Made> = Vec::new();
    let mut undo = None;
    for _ in 0..CHANGES {
        let gap_ms = *random.pick(&[1_000, 3_000, 40_000]);
        let pause = PROMPT + Duration::from_millis(random.below(gap_ms));
        world.clock.sleep(pause).await;
        let one = u32::try_from(random.below(2)).unwrap();
        let (change, back) = *random.pick(&[(Block, Unblock), (Remove, Put)]);
        let (by, change) = match undo.take() {
            Some(undone) => undone,
            None => {
                undo = Some((one, back));
                (one, change)
            }
        };
        let began = world.clock.now();
        world.note_pair(user(0), user(1));
        let sees = matches!(change, Unblock | Put);
        let mut polls = if random.once_in(3) { random.between(1, DIES_WITHIN) } else { u64::MAX };
        let dies = || {
            polls -= 1;
            polls == 0
        };
        mortal(world.change_contact(user(by), user(1 - by), change), dies).await;
        if world.see_each_other(user(0), user(1)) != sees {
            // The crashed request may have queued its notification. The change made now must notify once all the same.
            world.clock.sleep(Duration::from_millis(random.below(3_000))).await;
            world.change_contact(user(by), user(1 - by), change).await;
        }
        world.note_pair(user(0), user(1));
        made.push(Made { began, ended: world.clock.now(), sees });
    }
    world.clock.sleep(Duration::from_secs(60)).await;
    for (index, made_now) in made.iter().enumerate() {
        let until = made.get(index + 1).map_or(world.clock.now(), |next| next.began);
        check(&world, *made_now, until);
    }
}

/// Checks what both users received about each other from one change to the next.
fn check(world: &World, made: Made, until: Timestamp) {
    for (viewer, subject) in [(0, 1), (1, 0)] {
        let ledger = world.ledger();
        let reports = ledger.reports.get(&(identity(viewer, 0).device, user(subject)));
        let reports = reports.map_or(&[][..], Vec::as_slice);
        let is_due =
            |report: &&Report| report.source == Source::Event && (made.began..until).contains(&report.at);
        let events: Vec<Report> = reports.iter().filter(is_due).copied().collect();
        let frames = ledger.frames[&user(subject)].clone();
        let before = reports.iter().rfind(|report| report.at < made.began).copied();
        drop(ledger);
        let [news] = events[..] else {
            return world.fault(format!("{viewer} has of {subject}: {events:?} after {made:?}"));
        };
        if news.is_online != made.sees || news.at > made.ended.plus(PROMPT) {
            world.fault(format!(
                "{viewer} is notified of {subject} wrongly, or late: {news:?} after {made:?}"
            ));
        }
        // The notifying request may know of a frame that was sent during the change, or not.
        let last = frames.iter().rposition(|frame| *frame <= made.began).unwrap_or(0);
        let mut lately = frames[last..].iter().filter(|frame| **frame <= news.at);
        let is_near = |frame: &Timestamp, shown: Timestamp| {
            frame.minus(TOLERANCE) <= shown && shown <= frame.plus(TOLERANCE)
        };
        let shown = news.active_at;
        if !lately.any(|frame| shown.is_some_and(|shown| is_near(frame, shown))) {
            world.fault(format!(
                "{viewer} received {news:?} of {subject}, whose frame came at {:?}",
                frames[last]
            ));
        }
        if before.is_some_and(|before| before.active_at > shown) {
            world.fault(format!("{viewer} had {before:?} of {subject} and received an older time: {news:?}"));
        }
    }
}

/// Runs one seed to its end.
///
/// # Errors
///
/// Returns the first guarantee that was broken.
pub(super) fn begin_and_end(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let (world, mut executor) = two_friends(Scenario::two(seed, bug));
    for n in [0, 1] {
        let mut device = Device::new(&world, &executor.spawner, identity(n, 0));
        executor.spawner.spawn(async move {
            device.take_over();
            device.connect().await;
            device.stay(START.plus(FOR_EVER)).await;
        });
    }
    let of = Arc::clone(&world);
    executor.spawner.spawn(async move {
        of.clock.sleep(Duration::from_secs(2)).await;
        change_the_pair(of).await;
    });
    let longest = Duration::from_secs(45) * u32::try_from(CHANGES).unwrap() + Duration::from_secs(100);
    executor.run_until(&world, START.plus(longest));
    world.first_fault().map_or(Ok(()), Err)
}

#[test]
fn the_end_and_the_start_of_a_friendship_notify_both_users_once_and_promptly() {
    let broken = broken_by(0, SEEDS, |seed| begin_and_end(seed, None));
    assert_eq!(broken.first(), None, "{} of {SEEDS}", broken.len());
}
