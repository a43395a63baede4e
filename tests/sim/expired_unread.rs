//! A conversation that has lost its messages to expiry and goes on, with more unread than is looked at: a store of
//! pages of one entry, of which two are counted one by one.

use std::num::NonZeroU32;
use std::time::Duration;

use confab_app::chat_list::chat_list;
use confab_app::send_message::SendMessage;
use confab_domain::log::Attempt;
use confab_domain::retention::Retention;
use confab_domain::{Content, ConversationId};

use crate::executor::finish;
use crate::scenario::Scenario;
use crate::world::{World, identity, user};

fn say(world: &World, n: u32) {
    let conversation = ConversationId::dm(user(0), user(1)).unwrap();
    finish(world.send(SendMessage {
        sender: user(1),
        origin: None,
        conversation,
        key: format!("key-{n}").parse().unwrap(),
        content: Content { text: Some("hello".to_owned()), ..Content::default() },
        attempt: Attempt(n),
        reading: None,
    }));
}

#[test]
fn neither_what_has_expired_nor_what_is_reserved_is_unread() {
    let world = World::new(Scenario {
        calm: true,
        groups: false,
        retention: true,
        settings_change: false,
        sweep_once_in: 0,
        users: 2,
        page_max: NonZeroU32::new(1).unwrap(),
        ..Scenario::of(1, None)
    });
    (0..2).for_each(|n| finish(world.sign_up(identity(n, 0))));
    (0..9).for_each(|n| say(&world, n));
    world.wait(Duration::from_secs(2 * 24 * 3600));
    world.memory.sweep(world.now());
    (10..15).for_each(|n| say(&world, n));
    let list = finish(chat_list(&world.memory, user(0), None, Retention::days(1), world.now())).unwrap();
    let [conversation] = &list.conversations[..] else { panic!("{list:?}") };
    assert_eq!((conversation.last_seq, conversation.unread_count), (69, 5));
}
