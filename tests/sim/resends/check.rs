//! Invariants of the log and of the answers.

use std::collections::{BTreeMap, BTreeSet};

use confab_app::wire;
use confab_domain::claim::{MESSAGES_REMEMBERED, searched_far_enough};
use confab_domain::{Message, Refusal, Timestamp};
use confab_protocol::Ack;

use super::world::{Request, World, sender};

type Key = (confab_domain::UserId, confab_domain::ClientMessageId);

pub(crate) fn check(world: &World) {
    let log = world.memory.appended();
    for (entry, position) in log.iter().zip(1_u64..) {
        if entry.seq.get() != position {
            world.fault(format!("order: {} is at {position}", entry.seq));
        }
    }
    let mut positions: BTreeMap<Key, Vec<&Message>> = BTreeMap::new();
    for entry in &log {
        positions.entry((entry.sender, entry.client_message_id.clone())).or_default().push(entry);
    }
    let requests = world.requests();
    for ((user, key), entries) in &positions {
        for pair in entries.windows(2) {
            let [first, second] = pair else { continue };
            let found = found(&requests, first);
            let knew = (first.attempt, &found);
            let may_be_forgotten =
                *user == sender() && world.places.may_have_forgotten(key, knew, second.attempt);
            if !may_be_forgotten {
                world.fault(format!("idempotence: {key} is at {} and at {}", first.seq, second.seq));
            } else if was_in_reach(&log, first, (second, searched_from(&requests, second))) {
                world.fault(format!(
                    "idempotence: {key} was at {} in reach, and is at {}",
                    first.seq, second.seq
                ));
            }
        }
    }
    let mut by_key: BTreeMap<Key, Vec<&Request>> = BTreeMap::new();
    for request in requests.iter() {
        let key = (request.command.sender, request.command.key.clone());
        by_key.entry(key).or_default().push(request);
    }
    for (key, requests) in by_key {
        check_key(world, &requests, positions.get(&key).map_or(0, Vec::len));
    }
}

/// The attempts that were answered with a message.
fn found(requests: &[Request], message: &Message) -> BTreeSet<u32> {
    let found = |request: &&Request| {
        let is_answer = |(_, answer): &(u64, Result<Ack, Refusal>)| {
            answer.as_ref().is_ok_and(|ack| ack.seq == message.seq.get())
        };
        request.command.key == message.client_message_id && request.answered.as_ref().is_some_and(is_answer)
    };
    let found = requests.iter().filter(found).map(|request| request.command.attempt.0);
    found.collect()
}

/// The latest time from which the send of a message may have searched. The send may have found a concurrent or
/// abandoned claim whose clock was later.
fn searched_from(requests: &[Request], message: &Message) -> Timestamp {
    let of_key = || requests.iter().filter(|request| request.command.key == message.client_message_id);
    let ended = |request: &Request| request.answered.as_ref().map_or(u64::MAX, |(at, _)| *at);
    let Some(own) = of_key().find(|request| request.command.attempt == message.attempt) else {
        return message.sent_at;
    };
    let others = of_key().filter(|other| other.began <= ended(own) && ended(other) >= own.began);
    others.map(|other| other.now).max().unwrap_or(message.sent_at)
}

/// Whether a search that begins at the time of the second message's claim reaches the first message.
fn was_in_reach(log: &[Message], first: &Message, (second, searched_from): (&Message, Timestamp)) -> bool {
    let between = log.iter().filter(|entry| first.seq < entry.seq && entry.seq < second.seq);
    let own = between.clone().filter(|entry| entry.sender == first.sender).count();
    let is_recent = |entry: &Message| !searched_far_enough(entry, searched_from);
    own < MESSAGES_REMEMBERED && is_recent(first) && between.clone().all(is_recent)
}

/// Checks that acks are true and name one message, that refusals have a reason, and that refused requests appended
/// nothing.
fn check_key(world: &World, requests: &[&Request], messages: usize) {
    let (mut seqs, mut originals, mut unanswered) = (Vec::new(), 0, 0);
    for request in requests {
        let command = &request.command;
        match &request.answered {
            None => unanswered += 1,
            Some((_, Ok(ack))) => {
                let seq = wire::parse_seq("seq", ack.seq).unwrap();
                match world.memory.message_at(world.conversation, seq) {
                    Some(found)
                        if found.is(command.sender, &command.key) && found.content == command.content => {}
                    found => world.fault(format!("durability: {command:?} was acked, where {found:?} is")),
                }
                seqs.push(seq);
                originals += usize::from(!ack.duplicate);
            }
            Some((at, Err(refusal))) => check_refusal(world, requests, request, (*at, refusal)),
        }
    }
    seqs.sort_unstable();
    seqs.dedup();
    if seqs.len() > messages.max(1) || (messages == 1 && seqs.len() > 1) {
        world.fault(format!("idempotence: {:?} was acked at {seqs:?}", requests[0].command.key));
    }
    let is_right =
        if unanswered == 0 && !seqs.is_empty() { originals == messages } else { originals <= messages };
    if !is_right {
        world.fault(format!("{originals} acks of {:?} are no duplicates", requests[0].command.key));
    }
}

fn check_refusal(world: &World, requests: &[&Request], request: &Request, (at, refusal): (u64, &Refusal)) {
    let is_right = if matches!(refusal, Refusal::NotAccepted) {
        request.command.sender == sender() && world.may_have_been_blocked(request.began, at)
    } else {
        let other = |other: &&Request| other.command.content != request.command.content;
        matches!(refusal, Refusal::IdUsed(_))
            && requests.iter().any(|earlier| earlier.began <= at && other(earlier))
    };
    let attempt = request.command.attempt;
    let made = |log: &[Message]| log.iter().any(|entry| entry.attempt == attempt);
    if !is_right || world.memory.with_appended(made) {
        world.fault(format!("{:?} was refused ({refusal})", request.command));
    }
}
