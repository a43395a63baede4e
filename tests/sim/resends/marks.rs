//! Bounds of the sender's read mark, derived from the messages.

use confab_app::ports::{Consistency, Inboxes};
use confab_domain::own_mark::ReadThrough;

use super::world::{Request, World, sender};
use crate::executor::finish;
use crate::own_marks::{SCANNED, least, read_through};

/// Checks that the read mark is at most what the messages allow, and at least what messages acked in a healthy run
/// require.
pub(crate) fn check_mark(world: &World) {
    let log = world.memory.appended();
    let requests = world.requests();
    let own = || requests.iter().filter(|request| request.command.sender == sender());
    let (mut at_least, mut at_most) = (None, None);
    for message in log.iter().filter(|entry| entry.sender == sender()) {
        let is_its = |request: &&Request| request.command.key == message.client_message_id;
        let through = own().find(is_its).map_or(ReadThrough::BeforeMessage, through);
        at_most = at_most.max(read_through(message.seq, through));
    }
    for request in own() {
        let (Some((_, Ok(ack))), Some(log_ended)) = (&request.answered, request.log_ended_when_healthy)
        else {
            continue;
        };
        let at = confab_app::wire::parse_seq("seq", ack.seq).unwrap();
        let Some(said) = read_through(at, through(request)) else { continue };
        let scanned = SCANNED.min(world.scenario.page_max.get().into());
        // The send read the end of the log at some time between its start and its answer.
        let is_before_all = said.get() + scanned <= request.log_began;
        let first = (log_ended + 1).saturating_sub(scanned);
        at_least = at_least.max(least(sender(), &log, said, first)).max(Some(said).filter(|_| is_before_all));
    }
    let row = finish(world.memory.get(sender(), world.conversation, Consistency::Strong)).unwrap();
    let read_seq = row.and_then(|row| row.read_seq);
    if read_seq > at_most || read_seq < at_least {
        world.fault(format!("read up to {read_seq:?}, not between {at_least:?} and {at_most:?}"));
    }
}

fn through(request: &Request) -> ReadThrough {
    request.command.reading.map_or(ReadThrough::BeforeMessage, |reading| reading.through)
}
