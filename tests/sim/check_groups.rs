//! Invariants of groups.

use std::collections::BTreeSet;

use confab_app::ports::{Consistency, Groups, Inboxes};
use confab_domain::joined::PAST_MAX;
use confab_domain::{ConversationId, Group, GroupId, Joined, Kind, Message, UserId};

use crate::executor::finish;
use crate::truth::GroupTruth;
use crate::world::{World, user};

/// Checks that only members write and read, and that group item, log and inbox rows agree.
pub(crate) fn check_groups(world: &World) {
    let truth = world.truth();
    truth.faults.iter().for_each(|fault| world.fault(fault.clone()));
    for ((reader, conversation, seq), how) in world.got().iter() {
        if !truth.reads(*conversation, *reader, *seq) {
            world.fault(format!("membership: {reader:?} got {seq} of {conversation:?} by {how}"));
        }
    }
    for (reader, conversation, name) in world.got_names().iter() {
        if !truth.knows_name(*conversation, *reader, name) {
            world.fault(format!("membership: {reader:?} got the name {name:?} of {conversation:?}"));
        }
    }
    world.memory.with_appended(|appended| check_consent(world, appended));
    for (conversation, group) in &truth.groups {
        if let Some(id) = conversation.group() {
            check_item(world, id, group);
        }
        for n in 0..world.scenario.users {
            check_row(world, *conversation, user(n), group);
        }
    }
}

/// Checks that a user who left a group is not added again: no user here has friends, and none of them accepts being
/// added.
fn check_consent(world: &World, appended: &[Message]) {
    let mut left = BTreeSet::new();
    for entry in appended {
        for user in &entry.content.mentions {
            let membership = (entry.conversation, *user);
            if entry.kind == Kind::MemberRemoved && entry.sender == *user {
                left.insert(membership);
            }
            if entry.kind == Kind::MemberAdded && left.contains(&membership) {
                world.fault(format!("consent: {user:?} was put back into {:?}", entry.conversation));
            }
        }
    }
}

fn check_item(world: &World, id: GroupId, truth: &GroupTruth) {
    let Some(item) = finish(world.memory.group(id)).unwrap() else {
        world.fault(format!("{id:?} has a log and no item"));
        return;
    };
    let Group { version, name, members, deleted, .. } = &item;
    let report_the_same = members.len() == truth.members.len()
        && members.iter().zip(&truth.members).all(|((user, member), (other, (since, role)))| {
            user == other && member.joined_seq == *since && role.is_none_or(|role| role == member.role)
        });
    let is_as_notified = *version == truth.version
        && Some(name.as_str()) == truth.name()
        && *deleted == truth.deleted.is_some();
    if !report_the_same || !is_as_notified {
        world.fault(format!("group and log differ: {item:?}, {truth:?}"));
    }
}

fn check_row(world: &World, conversation: ConversationId, user: UserId, truth: &GroupTruth) {
    let row = finish(world.memory.get(user, conversation, Consistency::Strong)).unwrap();
    let joined = row.map(|row| row.joined);
    let times = truth.times.get(&user).map_or(&[][..], Vec::as_slice);
    let mut past: Vec<_> = times.iter().filter_map(|(first, last)| Some((*first, (*last)?))).collect();
    past.drain(..past.len().saturating_sub(PAST_MAX));
    let since = times.last().filter(|(_, last)| last.is_none()).map(|(first, _)| *first);
    let expected = (!times.is_empty()).then(|| Joined::new(past, since));
    // A user who deletes a group ends the memberships one by one, and may crash before the last.
    let is_open = truth.deleted.is_some()
        && !world.scenario.healthy
        && joined.clone().zip(truth.deleted).map(|(joined, end)| joined.leave(end)) == expected;
    if joined != expected && !is_open {
        world.fault(format!("row and log differ: {user:?} in {conversation:?}, {joined:?}, {expected:?}"));
    }
}
