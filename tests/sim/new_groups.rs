//! Creation of groups while answers get lost.

use std::sync::atomic::Ordering::Relaxed;

use crate::executor::finish;
use crate::scenario::Scenario;
use crate::world::{World, identity, user};

#[test]
fn a_group_is_made_though_the_answer_to_its_first_mark_was_lost() {
    for seed in 0..20 {
        let world = World::new(Scenario {
            healthy: true,
            groups: true,
            retention: true,
            settings_change: false,
            sweep_once_in: 0,
            users: 2,
            ..Scenario::of(seed, None)
        });
        (0..2).for_each(|n| finish(world.sign_up(identity(n, 0))));
        world.set_days(1);
        world.repeats_marks.store(true, Relaxed);
        finish(world.create_group(user(0), vec![user(1)]));
        assert_eq!(world.groups().len(), 1, "seed {seed}");
        let entries: Vec<u64> = world.memory.appended().iter().map(|entry| entry.seq.get()).collect();
        assert_eq!(entries, [1], "seed {seed}: no position is skipped");
    }
}
