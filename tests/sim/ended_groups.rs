//! A send to a group that has ended, after the entry of the end has expired.
//!
//! The entries of the group were written under different settings, so the entry of the end can expire before others. A
//! user whose inbox row was left open must not be able to write.

use std::num::NonZeroU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use confab_app::groups::change_group::GroupCommand;
use confab_app::messages::send_message::SendMessage;
use confab_domain::log::Attempt;
use confab_domain::{Content, ConversationId};

use crate::bugs::check_found_by;
use crate::executor::finish;
use crate::planted::Bug;
use crate::scenario::Scenario;
use crate::world::{World, identity, user};

fn simulate(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    let world = World::new(Scenario {
        healthy: true,
        groups: true,
        retention: true,
        settings_change: false,
        sweep_once_in: 0,
        users: 3,
        page_max: NonZeroU32::new(100).unwrap(),
        ..Scenario::of(seed, bug)
    });
    (0..3).for_each(|n| finish(world.sign_up(identity(n, 0))));
    world.set_days(*world.random.pick(&[0, 30]));
    finish(world.create_group(user(0), vec![user(1), user(2)]));
    let group = *world.groups().first().ok_or("no group was made")?;
    for n in 0..world.random.between(1, 3) {
        send(&world, group, n);
    }
    world.set_days(1);
    world.leaves_rows_open.store(true, Relaxed);
    finish(world.change_group(user(0), group, GroupCommand::Delete));
    world.wait(Duration::from_secs(2 * 24 * 3600));
    world.memory.sweep_some(world.now(), |_| world.random.once_in(2));
    world.set_days(*world.random.pick(&[0, 1, 30]));
    send(&world, group, 100);
    world.first_fault().or_else(|| world.truth().faults.into_iter().next()).map_or(Ok(()), Err)
}

fn send(world: &World, conversation: ConversationId, n: u64) {
    finish(world.send(SendMessage {
        sender: user(1),
        origin: None,
        conversation,
        key: format!("key-{n}").parse().unwrap(),
        content: Content { text: Some("hello".to_owned()), ..Content::default() },
        attempt: Attempt(u32::try_from(n).unwrap()),
        reading: None,
    }));
}

#[test]
fn nobody_writes_after_the_end_of_a_group_whatever_is_left_of_it() {
    for seed in 0..100 {
        assert_eq!(simulate(seed, None), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_membership_check_that_depends_on_todays_setting_is_found() {
    check_found_by(simulate, 200, Bug::RecheckByTodaysSetting);
}
