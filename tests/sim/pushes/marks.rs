//! Bounds of read marks, derived from the reads and the messages of users.

use confab_domain::{ConversationId, Kind, Message, Seq, UserId};

use super::check::rows;
use super::world::World;
use crate::own_marks::{SCANNED, least, read_through};
use crate::world::user;

/// Checks that no read mark is beyond what its user has read or claimed to have read, and that in a healthy run none is
/// behind.
pub(crate) fn check_marks(world: &World) {
    for member in (0..world.scenario.users).map(user) {
        for row in rows(world, member) {
            let (at_least, at_most) = bounds(world, member, row.conversation);
            if row.read_seq > at_most || (world.scenario.healthy && row.read_seq < at_least) {
                world.fault(format!(
                    "{member:?} has read {:?} up to {:?}, not between {at_least:?} and {at_most:?}",
                    row.conversation, row.read_seq
                ));
            }
        }
    }
}

fn bounds(world: &World, member: UserId, conversation: ConversationId) -> (Option<Seq>, Option<Seq>) {
    let log: Vec<Message> = world.memory.with_appended(|appended| {
        appended.iter().filter(|entry| entry.conversation == conversation).cloned().collect()
    });
    let ledger = world.ledger();
    let (mut at_least, mut at_most) = (None, ledger.marks.get(&(member, conversation)).copied());
    for message in log.iter().filter(|entry| entry.sender == member && entry.kind == Kind::Text) {
        let Some(sent) = ledger.sent.get(&(member, message.client_message_id.clone())) else { continue };
        let Some(said) = read_through(message.seq, sent.through) else { continue };
        at_most = at_most.max(Some(said));
        if sent.acked.is_some() {
            let first = message.seq.get().saturating_sub(SCANNED);
            at_least = at_least.max(least(member, &log, said, first));
        }
    }
    // A user who was out may have had marks refused.
    let was_out = conversation.group().is_some() && ledger.turns.contains_key(&member);
    (at_least.filter(|_| !was_out), at_most)
}
