//! Invariants of the number of groups a user is in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confab_app::groups::admission::admit;
use confab_app::ports::{Consistency, Groups, InboxRow, Inboxes};
use confab_domain::{ConversationId, Kind, MembershipLimits, Message, UserId};

use crate::executor::finish;
use crate::world::{World, user};

/// Checks that no user was ever in more groups than the limits allow, and that a user below the limits can be added to
/// one more.
pub(crate) fn check_memberships(world: &World) {
    let written: BTreeSet<(UserId, ConversationId)> =
        world.sends().iter().map(|send| (send.command.sender, send.command.conversation)).collect();
    world.memory.with_appended(|appended| check_never_too_many(world, appended, &written));
    for n in 0..world.scenario.users {
        check_admission(world, user(n));
    }
}

/// Replays all changes of all groups. A user who has tried to write into a group counts as having answered from the
/// start.
fn check_never_too_many(world: &World, appended: &[Message], written: &BTreeSet<(UserId, ConversationId)>) {
    let MembershipLimits { groups, unanswered } = world.scenario.memberships;
    let mut members: BTreeMap<UserId, BTreeMap<ConversationId, bool>> = BTreeMap::new();
    for entry in appended.iter().filter(|entry| entry.conversation.group().is_some()) {
        let conversation = entry.conversation;
        let (came, went) = match entry.kind {
            Kind::GroupCreated => {
                let all = entry.content.mentions.iter().copied().chain([entry.sender]);
                (all.collect(), Vec::new())
            }
            Kind::MemberAdded => (entry.content.mentions.clone(), Vec::new()),
            Kind::MemberRemoved => (Vec::new(), entry.content.mentions.clone()),
            Kind::GroupDeleted => {
                for groups in members.values_mut() {
                    groups.remove(&conversation);
                }
                continue;
            }
            Kind::Text | Kind::RoleChanged | Kind::GroupRenamed => continue,
        };
        for who in went {
            members.entry(who).or_default().remove(&conversation);
        }
        for who in came {
            let is_unanswered = who != entry.sender && !written.contains(&(who, conversation));
            let theirs = members.entry(who).or_default();
            theirs.insert(conversation, is_unanswered);
            let open = theirs.values().filter(|is_unanswered| **is_unanswered).count() as u64;
            if theirs.len() as u64 > groups || open > unanswered {
                world.fault(format!("memberships: {who:?} is in {} groups, {open} unanswered", theirs.len()));
            }
        }
    }
}

/// Checks that a stranger can add a user exactly if the user's inbox rows leave room.
fn check_admission(world: &World, who: UserId) {
    let limits = world.scenario.memberships;
    let is_group = |row: &InboxRow| row.conversation.group().is_some() && row.joined.since().is_some();
    let rows = rows_of(world, who).into_iter().filter(is_group);
    let open: Vec<bool> = rows.map(|row| row.added_by.is_some() && !row.has_written).collect();
    let unanswered = open.iter().filter(|is_unanswered| **is_unanswered).count() as u64;
    let has_room = (open.len() as u64) < limits.groups && unanswered < limits.unanswered;
    let stranger = user(world.scenario.users);
    let store = crate::planted::Store::new(world, crate::planted::Role::Other);
    // By this time the count of a user who was found full is read again.
    let later = world.now().plus(Duration::from_secs(3600));
    let admitted = finish(admit(&store, limits, stranger, None, &[who], later)).is_ok();
    if admitted != has_room {
        world.fault(format!("memberships: {who:?} has room: {has_room}, and can be added: {admitted}"));
    }
}

/// All inbox rows of a user, over all pages.
fn rows_of(world: &World, who: UserId) -> Vec<InboxRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = finish(world.memory.list(who, after, u32::MAX, Consistency::Strong)).unwrap();
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

/// Checks that no user has a row of a group that was never created.
pub(crate) fn check_no_dead_rows(world: &World) {
    if let Some((who, conversation)) = dead_rows(world).first() {
        world.fault(format!("{who:?} has a row of {conversation:?}, which was never created"));
    }
}

/// Rows of groups that were never created.
pub(crate) fn dead_rows(world: &World) -> Vec<(UserId, ConversationId)> {
    let rows = (0..world.scenario.users)
        .map(user)
        .flat_map(|who| rows_of(world, who).into_iter().map(move |row| (who, row.conversation)));
    let is_dead = |conversation: &ConversationId| {
        conversation.group().is_some_and(|group| finish(world.memory.group(group)).unwrap().is_none())
    };
    rows.filter(|(_, conversation)| is_dead(conversation)).collect()
}
