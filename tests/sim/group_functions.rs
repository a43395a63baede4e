//! The functions for groups, as a client or the queue invokes them.

use confab_app::delivery::fan_out::FanOutTask;
use confab_app::groups::change_group::{Actor, Context, GroupCommand};
use confab_app::messages::read_history::{Anchor, HistoryPage, PageSize, read_history};
use confab_app::push::PushTask;
use confab_app::{Error, TaskFailure};
use confab_domain::log::Attempt;
use confab_domain::{ConversationId, GroupId, Message, Refusal, UserId};
use confab_memory::{DelayQueue, Gateway, Queue};
use confab_protocol::http;
use ulid::Ulid;

use crate::planted::{Role, Store};
use crate::truth::Truth;
use crate::world::{Process, World};

impl World {
    /// `POST /v1/groups`.
    pub(crate) async fn create_group(&self, owner: UserId, others: Vec<UserId>) {
        let process = self.any_process();
        let now = self.now().plus(process.ahead);
        let store = Store::of(self, Role::Other, &process);
        let number = self.next_number();
        let id = GroupId::new(Ulid::from_parts(now.as_ms(), number.into()));
        let members = others.iter().map(UserId::to_string).collect();
        let wanted = http::NewGroup { name: format!("Group {number}"), members };
        let context = self.context(&store, &process);
        let made = self.try_invoke(context.create(id, self.actor(owner), &wanted, now)).await;
        if let Some(Err(refusal)) = made {
            let is_by_limits = matches!(refusal, Refusal::CannotBeAdded(_));
            let is_made =
                |appended: &[Message]| appended.iter().any(|entry| entry.conversation.group() == Some(id));
            if !is_by_limits || self.memory.with_appended(is_made) {
                self.fault(format!("a group was refused: {refusal}"));
            }
        }
    }

    /// `PATCH`, `DELETE` and `PUT` in `/v1/groups`.
    pub(crate) async fn change_group(
        &self,
        user: UserId,
        conversation: ConversationId,
        command: GroupCommand,
    ) {
        let Some(group) = conversation.group() else { return };
        let process = self.any_process();
        let now = self.now().plus(process.ahead);
        let store = Store::of(self, Role::Other, &process);
        let actor = self.actor(user);
        let before = self.truth();
        let context = self.context(&store, &process);
        let changed = self.try_invoke(context.change(group, &actor, &command, now)).await;
        if let Some(Err(refusal)) = changed {
            self.check_refusal(&before, conversation, user, &refusal);
            let is_made = |appended: &[Message]| appended.iter().any(|entry| entry.is(user, &actor.key));
            if self.memory.with_appended(is_made) {
                self.fault(format!("{command:?} of {user:?} was refused ({refusal}), and made"));
            }
        }
    }

    fn context<'a>(
        &'a self,
        store: &'a Store<'a>,
        process: &'a Process,
    ) -> Context<'a, Store<'a>, Gateway, DelayQueue<PushTask>, Queue> {
        Context { store, delivery: self.delivery(), queue: &self.queue, writer: &process.writer }
    }

    fn actor(&self, user: UserId) -> Actor {
        let attempt = Attempt(u32::try_from(self.random.below(1 << 32)).unwrap());
        Actor { user, key: format!("change-{}", self.next_number()).parse().unwrap(), attempt }
    }

    /// Checks that a refused user was not a member throughout, or that the group had ended.
    pub(crate) fn check_refusal(
        &self,
        before: &Truth,
        conversation: ConversationId,
        user: UserId,
        refusal: &Refusal,
    ) {
        let after = self.truth();
        let turned = before.turns(conversation, user) != after.turns(conversation, user);
        let is_in = before.since(conversation, user).is_some() && !turned;
        let is_there = after.groups.get(&conversation).is_some_and(|group| group.deleted.is_none());
        // Whether a refusal for a role is right is checked after the run.
        let by_role = matches!(
            refusal,
            Refusal::NotFound("member") | Refusal::NotAllowed(_) | Refusal::CannotBeAdded(_)
        );
        let by_membership = *refusal == Refusal::NotAMember && !is_in;
        let by_end = *refusal == Refusal::NotFound("group") && !is_there;
        if !by_role && !by_membership && !by_end {
            self.fault(format!("refused: {refusal}, to {user:?} in {conversation:?}"));
        }
    }

    /// The `fan-out` function, for one record; false if the record is to be retried.
    pub(crate) async fn fan_out(&self, task: &FanOutTask) -> bool {
        let process = self.any_process();
        let now = self.now().plus(process.ahead);
        let store = Store::new(self, Role::FanOut);
        let announced = async {
            match confab_app::delivery::fan_out::fan_out(&store, (&self.delivery(), &self.queue), task, now)
                .await
            {
                Ok(_) => Ok(None),
                Err(TaskFailure::Permanent(reason)) => Ok(Some(reason)),
                Err(TaskFailure::Retry(error)) => Err(error),
            }
        };
        let announced: Option<Option<&str>> = self.invoke(announced).await;
        match announced {
            Some(Some(reason)) if !(self.scenario.retention && reason == "no such entry") => {
                self.fault(format!("{task:?} is dead-lettered: {reason}"));
            }
            Some(_) | None => {}
        }
        announced.is_some()
    }

    /// The `history` route of the `sync` function; `None` if it failed or was refused.
    pub(crate) async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        anchor: Anchor,
        messages_max: u32,
    ) -> Option<HistoryPage> {
        let process = self.any_process();
        let now = self.now().plus(process.ahead);
        let store = Store::of(self, Role::Sync, &process);
        let appended_before = self.memory.appended();
        let before = Truth::of(&appended_before);
        let size = PageSize { messages_max, bytes_max: usize::MAX, bytes_of: |_: &_| 1 };
        let page = read_history(&store, user, conversation, anchor, size, process.writer.retention, now);
        let page = match self.try_invoke(page).await? {
            Ok(page) => page,
            Err(refusal) => {
                self.check_refusal(&before, conversation, user, &refusal);
                return None;
            }
        };
        self.note_all(user, conversation, page.messages.iter().map(|message| message.seq.get()), "history");
        let after = self.truth();
        if let Anchor::After(cursor) = anchor
            && before.turns(conversation, user) == after.turns(conversation, user)
            && before.since(conversation, user).is_some()
            && !self.scenario.retention
        {
            let due = appended_before.iter().filter(|entry| {
                let seq = entry.seq.get();
                entry.conversation == conversation
                    && Some(entry.seq) > cursor
                    && before.is_due(conversation, user, seq)
            });
            let mut due: Vec<_> = due.collect();
            due.sort_by_key(|entry| entry.seq);
            if !due.iter().take(messages_max as usize).copied().eq(page.messages.iter().take(due.len())) {
                self.fault(format!("history after {cursor:?} of {conversation:?} is {page:?}"));
            }
        }
        Some(page)
    }

    /// Like [`World::invoke`], for functions that may refuse.
    pub(crate) async fn try_invoke<T>(
        &self,
        function: impl Future<Output = Result<T, Error>>,
    ) -> Option<Result<T, Refusal>> {
        let refusable = async {
            match function.await {
                Err(Error::Refused(refusal)) => Ok(Err(refusal)),
                other => other.map(Ok),
            }
        };
        self.invoke(refusable).await
    }
}
