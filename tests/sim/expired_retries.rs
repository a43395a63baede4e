//! A resend of a message that has expired, while entries written under another setting are left. The message must not
//! be stored a second time.

use std::num::NonZeroU32;
use std::time::Duration;

use confab_app::messages::send_message::SendMessage;
use confab_domain::log::Attempt;
use confab_domain::{Content, ConversationId, Refusal};
use confab_protocol::Ack;

use crate::executor::finish;
use crate::scenario::Scenario;
use crate::world::{World, identity, user};

fn simulate(seed: u64) {
    let world = World::new(Scenario {
        healthy: true,
        groups: false,
        retention: true,
        settings_change: false,
        sweep_once_in: 0,
        users: 2,
        page_max: NonZeroU32::new(100).unwrap(),
        ..Scenario::of(seed, None)
    });
    (0..2).for_each(|n| finish(world.sign_up(identity(n, 0))));
    let lasting = world.random.below(6);
    world.set_days(*world.random.pick(&[0, 7]));
    (0..lasting).for_each(|n| drop(send(&world, n)));
    world.set_days(1);
    let expiring = world.random.between(1, 20);
    for n in 0..expiring {
        send(&world, lasting + n).unwrap();
    }
    world.wait(Duration::from_secs(2 * 24 * 3600));
    // Expired entries are removed in any order, and not all in one sweep.
    let leaves_some = world.random.once_in(2);
    world.memory.sweep_some(world.now(), |_| !leaves_some || world.random.once_in(2));
    world.set_days(*world.random.pick(&[0, 1, 7]));
    for n in (0..lasting + expiring).rev() {
        match send(&world, n) {
            Ok(ack) => assert!(ack.duplicate, "seed {seed}: message {n} is stored again as {ack:?}"),
            Err(Refusal::IdUsed(_)) => {}
            Err(refusal) => panic!("seed {seed}: message {n}: {refusal}"),
        }
    }
    assert_eq!(world.truth().faults, Vec::<String>::new(), "seed {seed}");
}

fn send(world: &World, n: u64) -> Result<Ack, Refusal> {
    let sent = finish(world.send(SendMessage {
        sender: user(0),
        origin: None,
        conversation: ConversationId::dm(user(0), user(1)).unwrap(),
        key: format!("key-{n}").parse().unwrap(),
        content: Content { text: Some("hello".to_owned()), ..Content::default() },
        attempt: Attempt(u32::try_from(world.random.below(1 << 32)).unwrap()),
        reading: None,
    }));
    sent.expect("nothing fails in a healthy run")
}

#[test]
fn a_message_that_has_expired_is_not_stored_again_whatever_is_left_of_its_log() {
    (0..300).for_each(simulate);
}
