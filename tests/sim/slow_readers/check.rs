//! Invariants at the end of a run.

use std::time::Duration;

use confab_app::ports::{Consistency, Sessions};
use confab_domain::{ConnectionId, ConversationId, UserId};

use super::world::{Reads, Sent, Socket, World};
use crate::world::user;

/// Longest time from a message to the last retry of its announcement.
const REPEATED_WITHIN: Duration = Duration::from_secs(10);

/// Most offers of one event to a connection: the first one and three retries.
const OFFERS_MAX: u32 = 4;

pub(super) fn check(world: &World) {
    let sockets = world.sockets().clone();
    for (id, socket) in &sockets {
        let is_open = world.gateway.is_open(id);
        let row = world.peek(world.memory.session(socket.user, Consistency::Strong)).unwrap();
        let is_registered = row.is_some_and(|row| row.connections.iter().any(|open| open.id == *id));
        match socket.reads {
            Reads::Never => check_closed(world, id, socket, is_open || is_registered),
            Reads::Always | Reads::Late { .. } if !is_open || !is_registered => {
                // In a faulty run, a socket that is late at the wrong moments may count as one that never reads.
                if world.scenario.healthy || socket.reads == Reads::Always {
                    world.fault(format!("{id:?} reads, and is closed"));
                }
            }
            Reads::Always | Reads::Late { .. } => check_notified(world, id, socket),
        }
    }
    if world.queue.next_due().is_some() {
        world.fault(format!("left in the queue: {:?}", world.queue.waiting()));
    }
}

fn check_closed(world: &World, id: &ConnectionId, socket: &Socket, is_there: bool) {
    let sent = world.sent();
    // An event of the healthy part is offered until the last retry.
    let offers = socket.refused.iter().filter(|(message, _)| sent.contains_key(message));
    let offers = offers.map(|(_, offers)| *offers).max().unwrap_or(0);
    if is_there && offers > 0 {
        world.fault(format!("{id:?} takes no event and is still open or registered"));
    }
    // Offers before a failure of the gateway, and after it.
    let rounds = if world.scenario.outage.is_some() { 2 } else { 1 };
    if world.scenario.healthy && offers > rounds * OFFERS_MAX {
        world.fault(format!("{id:?} was offered the same {offers} times"));
    }
    if world.scenario.healthy && offers > 0 && !socket.warned_as_slow {
        world.fault(format!("{id:?} was closed without a reason"));
    }
}

/// Checks the events that a reading socket must have received.
fn check_notified(world: &World, id: &ConnectionId, socket: &Socket) {
    for (message, Sent { origin, at }) in world.sent().iter() {
        let is_for_it = members(world, message.0).contains(&socket.user) && origin != id;
        let got = socket.got.get(message).map_or(&[][..], Vec::as_slice);
        if !is_for_it {
            if !got.is_empty() && origin != id {
                world.fault(format!("{id:?} got {message:?}, which is not for it"));
            }
            continue;
        }
        let Some(first) = got.first() else {
            world.fault(format!("{id:?} did not get {message:?}"));
            continue;
        };
        if world.scenario.healthy {
            if got.len() > 1 {
                world.fault(format!("{id:?} got {message:?} {} times", got.len()));
            }
            if first.since(*at) > REPEATED_WITHIN.max(world.patience_at(*at)) {
                world.fault(format!("{id:?} got {message:?} after {:?}", first.since(*at)));
            }
        }
    }
}

fn members(world: &World, conversation: ConversationId) -> Vec<UserId> {
    match conversation {
        ConversationId::Dm { lower, upper } => vec![lower, upper],
        ConversationId::Group(_) => (0..world.scenario.users).map(user).collect(),
    }
}
