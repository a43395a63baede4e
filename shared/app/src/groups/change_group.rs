//! Creating and changing groups.
//!
//! A pure rule decides a change on one version of the group. One transaction then writes the next version, the log
//! entry of the change, and the inbox row of a user who joins or leaves. So a group, its log and its members' rows
//! always agree.

use confab_domain::group::{Change, Role};
use confab_domain::log::Attempt;
use confab_domain::{
    ClientMessageId, Content, ConversationId, Group, GroupId, Kind, Message, Refusal, Seq, Timestamp, UserId,
};
use confab_protocol::http;
use futures_util::{StreamExt, stream};

use crate::delivery::deliver::Delivery;
use crate::delivery::fan_out::{announce_in_group, close_rows};
use crate::groups::admission::admit;
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::messages::append::{NextPosition, TAIL_ENTRIES, first_position, next_position};
use crate::messages::send_message::Writer;
use crate::ports::{
    CommitOutcome, Connections, Contacts, FanOutQueue, Groups, Inboxes, Joining, MessageLog, NewVersion,
    PushQueue, RowChange, Sessions, StoreError, Users,
};
use crate::{Error, chain, metric, wire};

/// The user who changes a group, and what distinguishes this request from all others.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user.
    pub user: UserId,
    /// The id of the entry that records the change.
    pub key: ClientMessageId,
    /// Drawn at random for each request.
    pub attempt: Attempt,
}

/// Stores, ports and queues that a change of a group needs.
#[derive(Clone, Copy)]
pub struct Context<'a, S, C, P, Q> {
    /// All stores.
    pub store: &'a S,
    /// Ports to the members' devices.
    pub delivery: Delivery<'a, C, P>,
    /// The queue of announcements.
    pub queue: &'a Q,
    /// State that a warm process keeps.
    pub writer: &'a Writer,
}

/// A requested change of a group.
#[derive(Clone, Debug)]
pub enum GroupCommand {
    /// Adds the user with this role, or gives a member this role; without one, adds a member and changes no role.
    PutMember(UserId, Option<Role>),
    /// Removes the user.
    RemoveMember(UserId),
    /// Gives the group another name.
    Rename(String),
    /// Deletes the group.
    Delete,
}

impl GroupCommand {
    fn decide(&self, group: &Group, actor: UserId) -> Result<Option<Change>, Refusal> {
        match self {
            Self::PutMember(user, role) => group.put_member(actor, *user, *role),
            Self::RemoveMember(user) => group.remove_member(actor, *user).map(Some),
            Self::Rename(name) => group.rename(actor, name),
            Self::Delete => group.delete(actor).map(Some),
        }
    }
}

impl<S, C, P, Q> Context<'_, S, C, P, Q>
where
    S: Groups + MessageLog + Inboxes + Contacts + Sessions + Users,
    C: Connections,
    P: PushQueue,
    Q: FanOutQueue,
{
    /// Creates a group of the caller and others.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for a wrong field, an unknown user, too many members, or a user who cannot be added;
    /// [`Error::Store`]: the group exists as a whole or not at all, and which of the two may be unknown.
    pub async fn create(
        &self,
        id: GroupId,
        actor: Actor,
        wanted: &http::NewGroup,
        now: Timestamp,
    ) -> Result<http::Group, Error> {
        let parse = |user: &String| wire::parse_id::<UserId>("members", user);
        let others = wanted.members.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let group = Group::new(id, &wanted.name, actor.user, others, now)?;
        let users: Vec<UserId> = group.members.keys().copied().collect();
        let joinings = admit(self.store, self.writer.memberships, actor.user, None, &users, now).await?;
        let retention = self.writer.retention;
        let conversation = ConversationId::Group(id);
        let attempts = self.writer.attempts(actor.attempt);
        let (seq, mark_revision) = first_position(self.store, retention, conversation, now, attempts).await?;
        let entry = Message {
            expires_at: retention.expires_at(now),
            mark_revision,
            ..entry(id, seq, &actor, group.first_entry(actor.user), now)
        };
        let joined = self.join_each(conversation, seq, &actor, joinings, now).await;
        let made = match joined {
            Ok(()) => self.store.create_group(&group, &entry).await,
            Err(error) => {
                self.forget_each(&group, seq).await;
                return Err(error);
            }
        };
        match made {
            Ok(()) => {}
            // The group may have been created all the same. If not, each member's next sync finds the row and removes
            // it.
            Err(error @ StoreError::Unavailable(_)) => return Err(error.into()),
            Err(error) => {
                self.forget_each(&group, seq).await;
                return Err(error.into());
            }
        }
        announce_in_group(self.store, (&self.delivery, self.queue), &entry, None, now).await;
        Ok(wire::group(&group))
    }

    /// Makes the requested change of a group, unless the group is in that state already.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`]: nothing is changed. [`Error::Contended`] and [`Error::Store`]: the change may have been
    /// made; the same command again finds out.
    pub async fn change(
        &self,
        id: GroupId,
        actor: &Actor,
        command: &GroupCommand,
        now: Timestamp,
    ) -> Result<http::Group, Error> {
        let conversation = ConversationId::Group(id);
        let permit = self.writer.locks.acquire(conversation).await;
        let mut attempts = self.writer.attempts(actor.attempt);
        while attempts.next().await {
            let end = self.store.end(conversation, TAIL_ENTRIES);
            let (group, end) = futures_util::future::try_join(self.store.group(id), end).await?;
            let group = group.ok_or(Refusal::NotFound("group"))?;
            if let Some(last) = end.tail.newest.first().filter(|_| group.deleted) {
                self.finish_deleting(&group, last, actor.user, now).await?;
            }
            let Some(change) = command.decide(&group, actor.user)? else { return Ok(wire::group(&group)) };
            let row = self.row_of(conversation, &change, actor.user, now).await?;
            let retention = self.writer.retention;
            let at = next_position(self.store, retention, conversation, end.decisive(), now).await?;
            let NextPosition::At(seq, mark_revision) = at else { continue };
            let entry = Message {
                expires_at: retention.expires_at(now),
                mark_revision,
                ..entry(id, seq, actor, change.entry(), now)
            };
            let next = group.after(&change, seq, now);
            let version = NewVersion { group: &next, entry: &entry, row };
            if self.store.commit(version).await? == CommitOutcome::Contended {
                metrics::counter!(metric::APPEND_CONFLICTS).increment(1);
                continue;
            }
            self.writer.heads.put(conversation, seq);
            drop(permit);
            announce_in_group(self.store, (&self.delivery, self.queue), &entry, None, now).await;
            if next.deleted
                && let Err(error) = close_rows(self.store, &next, seq).await
            {
                // The announcement from the queue closes the rest.
                tracing::warn!(
                    event = "row_close_failed",
                    error = chain(&error),
                    "rows of a deleted group stay open for now"
                );
            }
            return Ok(wire::group(&next));
        }
        Err(Error::Contended)
    }

    /// Repeats the work that follows the deletion of a group, for an owner who repeats the command: an earlier
    /// request may have died between the two.
    async fn finish_deleting(
        &self,
        group: &Group,
        last: &Message,
        owner: UserId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let is_owner = group.members.get(&owner).is_some_and(|member| member.role == Role::Owner);
        if is_owner && last.kind == Kind::GroupDeleted {
            announce_in_group(self.store, (&self.delivery, self.queue), last, None, now).await;
            close_rows(self.store, group, last.seq).await?;
        }
        Ok(())
    }

    /// Returns the group to one of its members.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for an outsider; [`Error::Store`].
    pub async fn read(&self, id: GroupId, reader: UserId) -> Result<http::Group, Error> {
        let group = self.store.group(id).await?.ok_or(Refusal::NotFound("group"))?;
        group.role_of(reader)?;
        Ok(wire::group(&group))
    }

    /// The change of an inbox row that belongs to a change of the group. A user to be added must exist and may be
    /// added.
    async fn row_of(
        &self,
        conversation: ConversationId,
        change: &Change,
        actor: UserId,
        now: Timestamp,
    ) -> Result<Option<RowChange>, Error> {
        match change {
            Change::Added(user, _) => {
                let limits = self.writer.memberships;
                let admitted = admit(self.store, limits, actor, Some(conversation), &[*user], now).await?;
                Ok(admitted.first().copied().map(RowChange::Join))
            }
            Change::Removed(user) if *user == actor => Ok(Some(RowChange::LeaveByOneself(*user))),
            Change::Removed(user) => Ok(Some(RowChange::Leave(*user))),
            Change::RoleChanged(..) | Change::Renamed(_) | Change::Deleted => Ok(None),
        }
    }

    /// Begins the memberships of a group that is about to be created.
    ///
    /// All are tried, so that none is in progress when this returns.
    async fn join_each(
        &self,
        conversation: ConversationId,
        seq: Seq,
        actor: &Actor,
        joinings: Vec<Joining>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut results = stream::iter(joinings)
            .map(|joining| self.join(conversation, seq, actor, joining, now))
            .buffer_unordered(STORE_CALLS_MAX);
        let mut failure = None;
        while let Some(result) = results.next().await {
            failure = failure.or(result.err());
        }
        failure.map_or(Ok(()), Err)
    }

    async fn join(
        &self,
        conversation: ConversationId,
        seq: Seq,
        actor: &Actor,
        mut joining: Joining,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut attempts = self.writer.attempts(actor.attempt);
        while attempts.next().await {
            if self.store.join(conversation, seq, &joining).await? == CommitOutcome::Done {
                return Ok(());
            }
            // The user has joined another group meanwhile.
            let limits = self.writer.memberships;
            let again = admit(self.store, limits, actor.user, None, &[joining.user], now).await?;
            joining = again.first().copied().ok_or(Error::Internal("nobody was admitted"))?;
        }
        Err(Error::Contended)
    }

    /// Removes the inbox rows that were stored for a group that is not created.
    async fn forget_each(&self, group: &Group, seq: Seq) {
        let conversation = ConversationId::Group(group.id);
        let mut forgotten = stream::iter(group.members.keys().copied())
            .map(|user| self.store.forget(user, conversation, seq))
            .buffer_unordered(STORE_CALLS_MAX);
        while let Some(result) = forgotten.next().await {
            if let Err(error) = result {
                // The member's next sync removes it.
                tracing::warn!(
                    event = "orphan_row_removal_failed",
                    error = chain(&error),
                    "the row of a group that was never created stays for now"
                );
            }
        }
    }
}

fn entry(id: GroupId, seq: Seq, actor: &Actor, (kind, content): (Kind, Content), now: Timestamp) -> Message {
    Message {
        conversation: ConversationId::Group(id),
        seq,
        sender: actor.user,
        client_message_id: actor.key.clone(),
        content,
        kind,
        sent_at: now,
        attempt: actor.attempt,
        expires_at: None,
        mark_revision: 0,
    }
}
