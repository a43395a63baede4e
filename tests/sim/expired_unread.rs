//! Unread counts of a conversation that has lost messages to expiry and continues, with more unread messages than are
//! scanned: a store with pages of one entry, of which two pages are counted.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use confab_app::messages::chat_list::chat_list;
use confab_app::messages::send_message::SendMessage;
use confab_app::sync;
use confab_domain::log::Attempt;
use confab_domain::retention::Retention;
use confab_domain::{ConnectionId, Content, ConversationId, Seq};
use confab_protocol::{ServerFrame, http};

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

/// A world of two users in which messages expire and no call fails.
fn world() -> World {
    let world = World::new(Scenario {
        healthy: true,
        groups: false,
        retention: true,
        settings_change: false,
        sweep_once_in: 0,
        late_once_in: 0,
        users: 2,
        page_max: NonZeroU32::new(1).unwrap(),
        ..Scenario::of(1, None)
    });
    (0..2).for_each(|n| finish(world.sign_up(identity(n, 0))));
    world
}

/// Lets messages that are kept for a day expire.
fn pass_two_days(world: &World) {
    world.wait(Duration::from_secs(2 * 24 * 3600));
    world.memory.sweep(world.now());
}

#[test]
fn expired_messages_and_reserved_positions_are_not_unread() {
    let world = world();
    (0..9).for_each(|n| say(&world, n));
    pass_two_days(&world);
    (10..15).for_each(|n| say(&world, n));
    let list =
        finish(chat_list(&world.memory, user(0), None, Retention::days(1), world.now())).unwrap().answer;
    let [conversation] = &list.conversations[..] else { panic!("{list:?}") };
    assert_eq!((conversation.last_seq, conversation.unread_count), (69, 5));
}

/// The first user reads up to a position.
fn read(world: &World, seq: u64) {
    let dm = ConversationId::dm(user(0), user(1)).unwrap();
    assert!(finish(world.mark_read(identity(0, 0), dm, Seq::new(seq).unwrap())).is_some());
}

#[test]
fn a_conversation_of_which_all_has_expired_does_not_end_before_what_was_read() {
    let world = world();
    (0..9).for_each(|n| say(&world, n));
    read(&world, 7);
    pass_two_days(&world);
    let list =
        finish(chat_list(&world.memory, user(0), None, Retention::days(1), world.now())).unwrap().answer;
    let [conversation] = &list.conversations[..] else { panic!("{list:?}") };
    let http::Conversation { last_seq, read_seq, unread_count, last_message, .. } = conversation;
    assert_eq!((*last_seq, *read_seq, *unread_count, last_message), (7, 7, 0, &None));
}

#[test]
fn a_conversation_whose_newest_messages_expire_first_does_not_end_before_what_was_read() {
    let world = world();
    world.set_days(30);
    (0..5).for_each(|n| say(&world, n));
    world.set_days(1);
    (5..9).for_each(|n| say(&world, n));
    read(&world, 9);
    pass_two_days(&world);
    let command = sync::SyncQuery {
        id: "s".to_owned(),
        cursors: BTreeMap::new(),
        limit: usize::MAX,
        partial: false,
        after: None,
    };
    let answer = finish(world.sync(user(0), &ConnectionId::new("c="), command));
    let Some(ServerFrame::Sync(frame)) = answer else { panic!("{answer:?}") };
    let [given] = &frame.conversations[..] else { panic!("{frame:?}") };
    assert_eq!((given.last_seq, given.read_seq), (Some(9), Some(9)));
    let list =
        finish(chat_list(&world.memory, user(0), None, Retention::days(1), world.now())).unwrap().answer;
    assert_eq!((list.conversations[0].last_seq, list.conversations[0].unread_count), (9, 0));
}
