//! Actions of a device on groups.

use std::sync::Arc;

use confab_app::groups::change_group::GroupCommand;
use confab_app::messages::read_history::Anchor;
use confab_app::wire;
use confab_domain::group::Role;
use confab_domain::{ConversationId, Seq, UserId};

use crate::device::Device;
use crate::world::{World, user};

/// Number of groups after which no more are created.
const GROUPS_MAX: usize = 3;

impl World {
    /// All groups that were ever created.
    pub(crate) fn groups(&self) -> Vec<ConversationId> {
        self.memory.with_appended(|appended| {
            let first = appended.iter().filter(|entry| entry.seq == Seq::FIRST);
            first.map(|entry| entry.conversation).filter(|id| id.group().is_some()).collect()
        })
    }

    /// Any user.
    pub(crate) fn anybody(&self) -> UserId {
        user(u32::try_from(self.random.below(self.scenario.users.into())).unwrap())
    }

    /// Creates a group of a user and some of the others.
    pub(crate) async fn make_group(&self, owner: UserId) {
        let others = (0..self.scenario.users).map(user).filter(|_| self.random.once_in(2)).collect();
        self.create_group(owner, others).await;
    }

    fn any_command(&self, actor: UserId) -> GroupCommand {
        let roles = [Role::Owner, Role::Admin, Role::Member];
        match self.random.below(24) {
            0..=6 => GroupCommand::PutMember(self.anybody(), None),
            7..=10 => GroupCommand::PutMember(self.anybody(), Some(*self.random.pick(&roles))),
            11..=16 => GroupCommand::RemoveMember(self.anybody()),
            17..=19 => GroupCommand::RemoveMember(actor),
            20..=22 => GroupCommand::Rename(format!("Name {}", self.next_number())),
            _ => GroupCommand::Delete,
        }
    }
}

impl Device {
    /// Any group, whether the user is in it or not.
    pub(crate) fn any_group(&self) -> Option<ConversationId> {
        let groups = self.world.groups();
        (!groups.is_empty()).then(|| *self.world.random.pick(&groups))
    }

    /// Creates a group, changes one, or reads from one.
    pub(crate) async fn act_in_a_group(&mut self) {
        let (world, user) = (Arc::clone(&self.world), self.identity.user);
        let group = self.any_group();
        let making = match group {
            Some(conversation) if world.random.once_in(4) => return self.look_back(conversation).await,
            Some(conversation) if world.groups().len() >= GROUPS_MAX || !world.random.once_in(6) => {
                let command = world.any_command(user);
                self.spawner.spawn(async move { world.change_group(user, conversation, command).await })
            }
            Some(_) | None => self.spawner.spawn(async move { world.make_group(user).await }),
        };
        making.within(self.patience()).await;
    }

    /// Reads a page of a group's log, whether the user may or not.
    async fn look_back(&mut self, conversation: ConversationId) {
        let (world, user) = (Arc::clone(&self.world), self.identity.user);
        let head = self.world.memory.with_appended(<[_]>::len) as u64;
        let position = Seq::new(world.random.between(1, head)).unwrap_or(Seq::FIRST);
        let anchors = [
            Anchor::Newest,
            Anchor::Before(position),
            Anchor::After(Some(position)),
            Anchor::Around(position),
        ];
        let cursor = self.chats.get(&conversation).and_then(|chat| Seq::new(chat.cursor));
        let anchor =
            if world.random.once_in(2) { Anchor::After(cursor) } else { *world.random.pick(&anchors) };
        let size = *world.random.pick(&[1, 3, 100]);
        let reading =
            self.spawner.spawn(async move { world.history(user, conversation, anchor, size).await });
        let Some(page) = reading.within(self.patience()).await.flatten() else { return };
        page.messages.iter().for_each(|message| self.show(wire::event_message(message)));
    }
}
