//! Announcing what is in a log to everybody whom it concerns.
//!
//! A task names an entry; the entry says whom to tell. Whoever performs it reads
//! the members after the entry was appended, so nobody who was taken out before
//! it is told of it. What is repeated names the connections too that did not take
//! it, and nobody else is told again.

use std::time::Duration;

use confab_domain::group::RECEIPT_AUDIENCE_MAX;
use confab_domain::{ConnectionId, ConversationId, Group, GroupId, Kind, Message, Seq, Timestamp, UserId};
use confab_protocol::ServerFrame;
use confab_protocol::server::{ConversationChange, ConversationEvent};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::TaskFailure;
use crate::announce::{self, Posted, post_to};
use crate::chain;
use crate::concurrency::STORE_CALLS_MAX;
use crate::delivery::{self, Delivery, deliver};
use crate::ports::{
    Connections, Direction, FanOutQueue, Groups, Inboxes, MessageLog, PushQueue, Range, Sessions, StoreError,
};
use crate::push::PushTask;
use crate::unreached::{self, Retry, Tries, Unreached, retries};

/// When a message is announced again whose announcement failed: soon, and not at once, since a store did not answer.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// An announcement to be made.
///
/// Shape: `{"version":"v1","conversation":"grp_…","seq":7,"origin":"…"}`, and for what is repeated
/// `{"version":"v2","conversation":"grp_…","seq":7,"change":false,"tries":1,
/// "unreached":[{"user":"usr_…","connections":["…"]}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version", rename_all = "snake_case")]
pub enum FanOutTask {
    /// An entry of a log, to everybody whom it concerns.
    V1 {
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// Its position.
        seq: u64,
        /// The WebSocket that it came by, which got the answer instead.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        origin: Option<String>,
    },
    /// The same, to connections that did not get it.
    V2 {
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// Its position.
        seq: u64,
        /// Whether it is what the entry changes in lists of conversations that they are told, instead of the entry.
        change: bool,
        /// How often it was tried.
        #[serde(flatten)]
        tries: Tries,
        /// Who is to be told.
        unreached: Vec<Unreached>,
    },
}

impl FanOutTask {
    /// The announcement of an entry.
    pub fn of(entry: &Message, origin: Option<&ConnectionId>) -> Self {
        Self::V1 {
            conversation: entry.conversation.to_string(),
            seq: entry.seq.get(),
            origin: origin.map(ConnectionId::to_string),
        }
    }

    /// What tasks are kept apart by, so that a busy conversation does not hold up the others.
    pub fn conversation(&self) -> &str {
        let (Self::V1 { conversation, .. } | Self::V2 { conversation, .. }) = self;
        conversation
    }

    /// Whether it was made before, and somebody was not reached.
    pub fn is_repetition(&self) -> bool {
        matches!(self, Self::V2 { .. })
    }
}

/// Makes an announcement: posts it to every connection of everybody whom it concerns. Gives the time of what it told of.
///
/// Connections that do not get it are left to another task of the queue, which names them; those that have no room for it
/// a few times are closed, and the announcement is done. Doing it again repeats events, which devices recognise, and alerts nobody twice.
///
/// # Errors
///
/// [`TaskFailure`].
pub async fn fan_out(
    store: &(impl MessageLog + Groups + Sessions + Inboxes),
    (delivery, queue): (&Delivery<'_, impl Connections, impl PushQueue>, &impl FanOutQueue),
    task: &FanOutTask,
    now: Timestamp,
) -> Result<Timestamp, TaskFailure> {
    let (FanOutTask::V1 { conversation, seq, .. } | FanOutTask::V2 { conversation, seq, .. }) = task;
    let conversation = conversation.parse().map_err(|_| TaskFailure::Permanent("no conversation id"))?;
    let seq = Seq::new(*seq).ok_or(TaskFailure::Permanent("no position"))?;
    let range = Range { from: seq, to: seq, direction: Direction::Up };
    let needs_group = !matches!(task, FanOutTask::V2 { change: false, .. });
    let group = async {
        match conversation {
            ConversationId::Group(group) if needs_group => store.group(group).await,
            ConversationId::Group(_) | ConversationId::Dm { .. } => Ok(None),
        }
    };
    let (mut page, group) = futures_util::future::try_join(store.page(conversation, range, 1), group).await?;
    // Expired meanwhile, or named by a task that is not ours.
    let entry = page.entries.pop().ok_or(TaskFailure::Permanent("no such entry"))?;
    match task {
        FanOutTask::V1 { origin, .. } => {
            let audience = Audience::of(&entry, group.as_ref())?;
            let origin = origin.as_deref().map(ConnectionId::new);
            audience.announce(store, (delivery, queue), &entry, origin.as_ref(), now).await?;
            if entry.kind == Kind::GroupDeleted
                && let Some(group) = &group
            {
                close_rows(store, group, seq).await?;
            }
            if let Some(task) = audience.clears(&entry) {
                delivery.push.put(&task, Duration::ZERO).await?;
            }
        }
        FanOutTask::V2 { change, tries, unreached, .. } => {
            let mut unreached = unreached::read(unreached)?;
            let event = if *change {
                let audience = Audience::of(&entry, group.as_ref())?;
                // Whoever has come or gone since is told of that.
                unreached.retain(|user, _| audience.changed.contains(user));
                audience.change.ok_or(TaskFailure::Permanent("nothing changes"))?
            } else {
                delivery::event(&entry)
            };
            let users: Vec<UserId> = unreached.keys().copied().collect();
            let rows = unreached::only(store.sessions(&users).await?, &unreached);
            let posted = post_to(store, delivery.connections, &rows, None, &event, now).await?;
            let announced = Announced { entry: &entry, is_change: *change };
            announced.retry(store, (delivery.connections, queue), posted, *tries, now).await?;
        }
    }
    Ok(entry.sent_at)
}

/// What connections are told of an entry.
pub(crate) struct Announced<'a> {
    pub(crate) entry: &'a Message,
    /// What it changes in lists of conversations, instead of itself.
    pub(crate) is_change: bool,
}

impl Announced<'_> {
    /// Has those told again who were not reached, or closed where that was tried often enough.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where somebody is neither.
    pub(crate) async fn retry(
        &self,
        sessions: &impl Sessions,
        (connections, queue): (&impl Connections, &impl FanOutQueue),
        posted: Posted,
        tries: Tries,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if posted.is_done() {
            return Ok(());
        }
        for Retry { unreached, tries, pause } in retries(sessions, connections, posted, tries, now).await {
            let task = FanOutTask::V2 {
                conversation: self.entry.conversation.to_string(),
                seq: self.entry.seq.get(),
                change: self.is_change,
                tries,
                unreached,
            };
            queue.enqueue(&task, pause).await?;
        }
        Ok(())
    }
}

/// Announces to two users here and now, and has it done again later where that fails.
pub(crate) async fn announce_to_pair(
    sessions: &impl Sessions,
    (delivery, queue): (&Delivery<'_, impl Connections, impl PushQueue>, &impl FanOutQueue),
    pair: [UserId; 2],
    message: &Message,
    origin: Option<&ConnectionId>,
    now: Timestamp,
) {
    let audience = delivery::Audience { readers: &pair, group: None, origin };
    let rows = sessions.sessions(&pair).await;
    let posted = match &rows {
        Ok(rows) => deliver(sessions, delivery, message, audience, rows, now).await.ok(),
        Err(_) => None,
    };
    let left_to_the_queue = match posted {
        Some(posted) => {
            let announced = Announced { entry: message, is_change: false };
            announced.retry(sessions, (delivery.connections, queue), posted, Tries::default(), now).await
        }
        None => queue.enqueue(&FanOutTask::of(message, origin), AFTER_A_FAILURE).await,
    };
    if let Err(error) = left_to_the_queue {
        tracing::warn!(
            event = "fan_out_incomplete",
            error = chain(&error),
            "not every connection got the event"
        );
    }
}

/// Has an entry of a group announced: by the queue, or, where that fails, here and now.
///
/// Best effort: whoever misses it finds the hole, or syncs.
pub(crate) async fn announce_in_group(
    store: &(impl MessageLog + Groups + Sessions + Inboxes),
    (delivery, queue): (&Delivery<'_, impl Connections, impl PushQueue>, &impl FanOutQueue),
    entry: &Message,
    origin: Option<&ConnectionId>,
    now: Timestamp,
) {
    let task = FanOutTask::of(entry, origin);
    let Err(error) = queue.enqueue(&task, Duration::ZERO).await else { return };
    tracing::warn!(
        event = "fan_out_enqueue_failed",
        error = chain(&error),
        "the queue failed, so the event is posted inline"
    );
    // Boxed, since it is rare and its future is large.
    if let Err(error) = Box::pin(fan_out(store, (delivery, queue), &task, now)).await {
        tracing::warn!(
            event = "fan_out_incomplete",
            error = chain(&error),
            "not every connection got the event"
        );
    }
}

/// Ends the memberships of a group that is deleted.
pub(crate) async fn close_rows(inboxes: &impl Inboxes, group: &Group, seq: Seq) -> Result<(), StoreError> {
    let conversation = ConversationId::Group(group.id);
    let mut left = stream::iter(group.members.keys().copied())
        .map(|user| inboxes.leave(user, conversation, seq))
        .buffer_unordered(STORE_CALLS_MAX);
    while let Some(row) = left.next().await {
        row?;
    }
    Ok(())
}

/// Whom an entry concerns, and what they are told.
struct Audience {
    /// The entry, to all who may read it.
    readers: Vec<UserId>,
    /// The group's name.
    name: Option<String>,
    /// A change of their own list of conversations, to these.
    changed: Vec<UserId>,
    change: Option<ServerFrame>,
}

impl Audience {
    fn of(entry: &Message, group: Option<&Group>) -> Result<Self, TaskFailure> {
        let (mut readers, members) = match (entry.conversation, group) {
            (ConversationId::Dm { lower, upper }, _) => (vec![lower, upper], Vec::new()),
            (ConversationId::Group(_), Some(group)) => {
                (group.readers_of(entry.seq).collect(), group.members.keys().copied().collect())
            }
            (ConversationId::Group(_), None) => return Err(TaskFailure::Permanent("no such group")),
        };
        // As it is now: an earlier coming or going may be told of late.
        let subjects = entry.content.mentions.iter().copied();
        let (inside, outside): (Vec<_>, Vec<_>) = subjects.partition(|user| members.contains(user));
        let (change, changed) = match entry.kind {
            Kind::Text | Kind::RoleChanged => (None, Vec::new()),
            Kind::GroupCreated => (Some(ConversationChange::Added), members),
            Kind::MemberAdded => (Some(ConversationChange::Added), inside),
            Kind::MemberRemoved => {
                // They read up to this entry, and are in the group no more.
                readers.extend(outside.iter().copied());
                (Some(ConversationChange::Removed), outside)
            }
            Kind::GroupRenamed => (Some(ConversationChange::Renamed), members),
            Kind::GroupDeleted => (Some(ConversationChange::Deleted), members),
        };
        let change = change.map(|change| {
            ServerFrame::Conversation(ConversationEvent {
                conversation: entry.conversation.to_string(),
                change,
                seq: entry.seq.get(),
                // Who is out does not learn of another name.
                name: group.filter(|_| change != ConversationChange::Removed).map(|group| group.name.clone()),
            })
        });
        Ok(Self { readers, name: group.map(|group| group.name.clone()), changed, change })
    }

    /// Has alerts cleared on the phones of whoever the entry puts out of the group.
    fn clears(&self, entry: &Message) -> Option<PushTask> {
        let is_out = matches!(entry.kind, Kind::MemberRemoved | Kind::GroupDeleted);
        let users = Some(&self.changed).filter(|users| is_out && !users.is_empty())?;
        Some(PushTask::clear_all(users, entry.conversation, None))
    }

    /// The change first: a device should know of a conversation before it gets a message of it.
    async fn announce(
        &self,
        sessions: &impl Sessions,
        (delivery, queue): (&Delivery<'_, impl Connections, impl PushQueue>, &impl FanOutQueue),
        entry: &Message,
        origin: Option<&ConnectionId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ways = (delivery.connections, queue);
        let mut unchanged = Posted::default();
        if let Some(change) = &self.change {
            unchanged =
                announce::announce(sessions, delivery.connections, &self.changed, None, change, now).await?;
        }
        let rows = sessions.sessions(&self.readers).await?;
        let audience = delivery::Audience { readers: &self.readers, group: self.name.as_deref(), origin };
        let posted = deliver(sessions, delivery, entry, audience, &rows, now).await?;
        Announced { entry, is_change: true }.retry(sessions, ways, unchanged, Tries::default(), now).await?;
        Announced { entry, is_change: false }.retry(sessions, ways, posted, Tries::default(), now).await
    }
}

/// Whom a read marker of this user is told to, in a group.
pub(crate) async fn receipt_audience(
    groups: &impl Groups,
    group: GroupId,
    reader: UserId,
) -> Result<Vec<UserId>, StoreError> {
    let members = groups.group(group).await?.map(|group| group.members).unwrap_or_default();
    let few = members.len() <= RECEIPT_AUDIENCE_MAX;
    Ok(if few { members.into_keys().collect() } else { vec![reader] })
}
