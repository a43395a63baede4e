//! Invariants of logs, acks, read marks and screens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_app::ports::{Consistency, Inboxes};
use confab_app::wire;
use confab_domain::{ClientMessageId, ConversationId, Message, Seq, UserId};

use crate::device::Device;
use crate::executor::finish;
use crate::truth::Truth;
use crate::world::{World, user};

/// After this long without an entry, a log may continue above its reserved block: a day, less a margin for clocks and
/// slow sends.
pub(crate) const QUIET: Duration = Duration::from_secs(24 * 3600 - 120);

type Key = (ConversationId, UserId, ClientMessageId);

fn key(message: &Message) -> Key {
    (message.conversation, message.sender, message.client_message_id.clone())
}

/// Checks that positions run 1, 2, 3 … in the order of the appends, and that each key has one position.
pub(crate) fn check_log(world: &World) {
    let mut lasts: BTreeMap<ConversationId, Message> = BTreeMap::new();
    let mut positions: BTreeMap<Key, u64> = BTreeMap::new();
    for message in world.memory.appended() {
        let (last_seq, quiet_for) = lasts
            .get(&message.conversation)
            .map_or((0, Duration::ZERO), |last| (last.seq.get(), message.sent_at.since(last.sent_at)));
        // A log whose entries have all expired continues after the reserved positions.
        let emptied = world.scenario.retention && quiet_for > QUIET && message.seq.get() > last_seq;
        if message.seq.get() != last_seq + 1 && !emptied {
            world.fault(format!("order: {} follows {last_seq} in {:?}", message.seq, message.conversation));
        }
        if let Some(before) = positions.insert(key(&message), message.seq.get()) {
            world.fault(format!("idempotence: {message:?} is also at {before}"));
        }
        lasts.insert(message.conversation, message);
    }
}

/// Checks that no read mark lies beyond the last entry.
pub(crate) fn check_read_markers(world: &World) {
    let mut lasts: BTreeMap<ConversationId, Seq> = BTreeMap::new();
    for message in world.memory.appended() {
        lasts.insert(message.conversation, message.seq);
    }
    for (conversation, last) in lasts {
        for reader in (0..world.scenario.users).map(user) {
            let row = finish(world.memory.get(reader, conversation, Consistency::Strong)).unwrap();
            let read_seq = row.and_then(|row| row.read_seq);
            if read_seq > Some(last) {
                world.fault(format!("{reader:?} has read {conversation:?} up to {read_seq:?} of {last}"));
            }
        }
    }
}

/// Checks that an acked message is stored as acked, that at most one ack of a key is not a duplicate, and that a
/// message sent after an ack has a higher position.
pub(crate) fn check_acks(world: &World) {
    let mut keys: BTreeMap<Key, Acks> = BTreeMap::new();
    let has_expired = |entry: &&Message| entry.expires_at.is_some_and(|at| at <= world.now());
    let expired: BTreeSet<(ConversationId, u64)> = world.memory.with_appended(|appended| {
        let expired = appended.iter().filter(has_expired);
        expired.map(|entry| (entry.conversation, entry.seq.get())).collect()
    });
    for send in world.sends().iter() {
        let command = &send.command;
        let acks = keys
            .entry((command.conversation, command.sender, command.key.clone()))
            .or_insert_with(|| Acks { began: send.began, ..Acks::default() });
        let Some((at, ack)) = &send.acked else {
            acks.failed += 1;
            continue;
        };
        if acks.seq.is_some_and(|seq| seq != ack.seq) {
            world.fault(format!(
                "idempotence: {:?} was acked at {:?}, then at {}",
                command.key, acks.seq, ack.seq
            ));
        }
        acks.first_at = Some(acks.first_at.map_or(*at, |first| first.min(*at)));
        acks.seq = Some(ack.seq);
        acks.originals += u32::from(!ack.duplicate);
        let seq = wire::parse_seq("seq", ack.seq).unwrap();
        match world.memory.message_at(command.conversation, seq) {
            Some(found) if found.is(command.sender, &command.key) && found.content == command.content => {}
            None if expired.contains(&(command.conversation, ack.seq)) => {}
            found => {
                world.fault(format!("durability: {:?} was acked at {seq}, where {found:?} is", command.key))
            }
        }
    }
    for (key, acks) in &keys {
        let right = if acks.failed == 0 { acks.originals == 1 } else { acks.originals <= 1 };
        if !right {
            world.fault(format!("{} acks of {:?} are no duplicates", acks.originals, key.2));
        }
    }
    check_real_time_order(world, &keys);
}

/// The acks that one key got.
#[derive(Default)]
struct Acks {
    /// When the first request of the key began.
    began: u64,
    first_at: Option<u64>,
    seq: Option<u64>,
    originals: u32,
    failed: u32,
}

fn check_real_time_order(world: &World, keys: &BTreeMap<Key, Acks>) {
    for ((conversation, _, one), first) in keys {
        for ((other_conversation, _, other), second) in keys {
            let follows = first.first_at.is_some_and(|acked_at| acked_at < second.began);
            if conversation == other_conversation
                && follows
                && second.seq.is_some()
                && first.seq >= second.seq
            {
                world.fault(format!(
                    "order: {other:?} was sent after {one:?} was acked, and has a lower position"
                ));
            }
        }
    }
}

/// Checks that a sync returned every message that was appended before the request, up to the limit.
///
/// `through` returns the last position of a conversation, inclusive; `None` if the request did not ask for it.
pub(crate) fn check_synced(
    device: &Device,
    appended_before: &[Message],
    through: impl Fn(&ConversationId) -> Option<u64>,
) {
    let user = device.identity.user;
    let (before, after) = (Truth::of(appended_before), device.world.truth());
    let is_due = |message: &&Message| {
        let (conversation, seq) = (message.conversation, message.seq.get());
        // A user who joins or leaves during the sync may get earlier entries or not.
        through(&conversation).is_some_and(|through| seq <= through)
            && before.is_due(conversation, user, seq)
            && before.turns(conversation, user) == after.turns(conversation, user)
    };
    check_has(device, appended_before.iter().filter(is_due), "after a sync");
}

/// Checks that a device that has been connected since its sync has everything.
pub(crate) fn check_connected(device: &Device) {
    let appended = device.world.memory.appended();
    let truth = device.world.truth();
    // A user who was added again gets no events of earlier entries.
    let is_due = |message: &&Message| {
        let since = truth.since(message.conversation, device.identity.user);
        since.is_some_and(|since| message.seq >= since)
    };
    check_has(device, appended.iter().filter(is_due), "while connected");
}

/// Checks that a device shows the log and nothing else.
pub(crate) fn check_screen(device: &Device) {
    let appended = device.world.memory.appended();
    let memberships = device.world.truth();
    let is_due = |message: &&Message| {
        memberships.is_due(message.conversation, device.identity.user, message.seq.get())
    };
    check_has(device, appended.iter().filter(is_due), "in the end");
    let truth: BTreeMap<_, _> =
        appended.iter().map(|message| ((message.conversation, message.seq.get()), message)).collect();
    for (id, chat) in &device.chats {
        for (seq, shown) in &chat.messages {
            let written = truth.get(&(*id, *seq)).map(|message| wire::event_message(message));
            if written.as_ref() != Some(shown) {
                device.world.fault(format!("{id:?} {seq} is {written:?}, and shown as {shown:?}"));
            }
        }
    }
}

fn check_has<'a>(device: &Device, messages: impl Iterator<Item = &'a Message>, when: &str) {
    let world = &device.world;
    for message in messages {
        // An hour of margin: clocks differ, and time passes during a sync.
        let soon = world.now().plus(Duration::from_secs(3600));
        let has_expired = world.shortest_retention().hides(message.sent_at, message.expires_at, soon);
        let chat = device.chats.get(&message.conversation);
        let has = chat.is_some_and(|chat| chat.messages.contains_key(&message.seq.get()));
        if !has_expired && !has {
            let (who, seq, id) = (device.identity.device, message.seq, message.conversation);
            world.fault(format!("loss: {who:?} of {:?} lacks {seq} of {id:?} {when}", device.identity.user));
        }
    }
}
