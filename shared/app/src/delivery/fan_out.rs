//! Announcing an entry of a log to all users whom it concerns.
//!
//! A task names an entry, and the entry determines the recipients. The fan-out reads the group's members after the
//! entry was appended, so a member who was removed before the entry gets no event of it. A repeated task also names
//! the connections that did not take the event; no other connection gets the event again.

use std::time::Duration;

use confab_domain::group::RECEIPT_AUDIENCE_MAX;
use confab_domain::{ConnectionId, ConversationId, Group, GroupId, Kind, Message, Seq, Timestamp, UserId};
use confab_protocol::ServerFrame;
use confab_protocol::server::{ConversationChange, ConversationEvent};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::delivery::announce::{self, Posted, post_to};
use crate::delivery::deliver::{self, Delivery, deliver};
use crate::delivery::unreached::{self, Retry, Tries, Unreached, retries};
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{
    Connections, Direction, FanOutQueue, Groups, Inboxes, MessageLog, PushQueue, Range, Sessions, StoreError,
};
use crate::push::PushTask;
use crate::{TaskFailure, chain};

/// Delay before a failed announcement is repeated: short, and not zero, since a store did not answer.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// An announcement to make.
///
/// Shape: `{"version":"v1","conversation":"grp_…","seq":7,"origin":"…"}`, and for a repetition
/// `{"version":"v2","conversation":"grp_…","seq":7,"change":false,"tries":1,
/// "unreached":[{"user":"usr_…","connections":["…"]}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version", rename_all = "snake_case")]
pub enum FanOutTask {
    /// An entry of a log, for all users whom it concerns.
    V1 {
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// The entry's position.
        seq: u64,
        /// The connection that the entry came by: it got the answer instead of the event.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        origin: Option<String>,
    },
    /// The same, for connections that did not get the event.
    V2 {
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// The entry's position.
        seq: u64,
        /// Whether the event is the entry's change of the list of conversations, instead of the entry.
        change: bool,
        /// Earlier offers of the event.
        #[serde(flatten)]
        tries: Tries,
        /// The connections that the event did not reach.
        unreached: Vec<Unreached>,
    },
}

impl FanOutTask {
    /// Creates the announcement of an entry.
    pub fn of(entry: &Message, origin: Option<&ConnectionId>) -> Self {
        Self::V1 {
            conversation: entry.conversation.to_string(),
            seq: entry.seq.get(),
            origin: origin.map(ConnectionId::to_string),
        }
    }

    /// The key that separates tasks in the queue, so that a busy conversation does not delay others.
    pub fn conversation(&self) -> &str {
        let (Self::V1 { conversation, .. } | Self::V2 { conversation, .. }) = self;
        conversation
    }

    /// Whether the task repeats an announcement for connections that were not reached.
    pub fn is_repetition(&self) -> bool {
        matches!(self, Self::V2 { .. })
    }
}

/// Makes an announcement: posts it to every connection of all users whom it concerns. Returns the time of the entry.
///
/// Another queue task names the connections that do not get the event. Connections that have no room for it several
/// times are closed, and then the announcement is done. A repetition repeats events, which devices recognise, and
/// alerts nobody twice.
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
    // The entry has expired meanwhile, or the task is none of ours.
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
                // Users who have joined or left since then get another event.
                unreached.retain(|user, _| audience.changed.contains(user));
                audience.change.ok_or(TaskFailure::Permanent("nothing changes"))?
            } else {
                deliver::event(&entry)
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

/// An event of an entry, as it was announced.
pub(crate) struct Announced<'a> {
    pub(crate) entry: &'a Message,
    /// Whether the event is the entry's change of the list of conversations, instead of the entry.
    pub(crate) is_change: bool,
}

impl Announced<'_> {
    /// Queues the event again for connections that did not get it, and closes connections that had no room too often.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then some of the connections are neither queued nor closed.
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

/// Announces a message to the two users of a 1:1 conversation directly, and leaves failures to the queue.
pub(crate) async fn announce_to_pair(
    sessions: &impl Sessions,
    (delivery, queue): (&Delivery<'_, impl Connections, impl PushQueue>, &impl FanOutQueue),
    pair: [UserId; 2],
    message: &Message,
    origin: Option<&ConnectionId>,
    now: Timestamp,
) {
    let audience = deliver::Audience { readers: &pair, group: None, origin };
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

/// Queues the announcement of a group's entry; where the queue fails, makes the announcement directly.
///
/// Best effort: a device that misses the event finds the hole, or syncs.
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
    // Boxed, since this path is rare and its future is large.
    if let Err(error) = Box::pin(fan_out(store, (delivery, queue), &task, now)).await {
        tracing::warn!(
            event = "fan_out_incomplete",
            error = chain(&error),
            "not every connection got the event"
        );
    }
}

/// Ends the memberships of a deleted group.
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

/// The users whom an entry concerns, and their events.
struct Audience {
    /// All users who may read the entry: they get the entry.
    readers: Vec<UserId>,
    /// The group's name.
    name: Option<String>,
    /// Users whose list of conversations changes: they get `change`.
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
        // The members as they are now: the announcement of an earlier join or leave may be late.
        let subjects = entry.content.mentions.iter().copied();
        let (inside, outside): (Vec<_>, Vec<_>) = subjects.partition(|user| members.contains(user));
        let (change, changed) = match entry.kind {
            Kind::Text | Kind::RoleChanged => (None, Vec::new()),
            Kind::GroupCreated => (Some(ConversationChange::Added), members),
            Kind::MemberAdded => (Some(ConversationChange::Added), inside),
            Kind::MemberRemoved => {
                // The removed members read up to this entry, and are no longer in the group.
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
                // A removed member does not learn a later name of the group.
                name: group.filter(|_| change != ConversationChange::Removed).map(|group| group.name.clone()),
            })
        });
        Ok(Self { readers, name: group.map(|group| group.name.clone()), changed, change })
    }

    /// The task that clears alerts on the phones of users whom the entry takes out of the group.
    fn clears(&self, entry: &Message) -> Option<PushTask> {
        let is_out = matches!(entry.kind, Kind::MemberRemoved | Kind::GroupDeleted);
        let users = Some(&self.changed).filter(|users| is_out && !users.is_empty())?;
        Some(PushTask::clear_all(users, entry.conversation, None))
    }

    /// Announces the change first: a device should know a conversation before it gets a message of it.
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
        let audience = deliver::Audience { readers: &self.readers, group: self.name.as_deref(), origin };
        let posted = deliver(sessions, delivery, entry, audience, &rows, now).await?;
        Announced { entry, is_change: true }.retry(sessions, ways, unchanged, Tries::default(), now).await?;
        Announced { entry, is_change: false }.retry(sessions, ways, posted, Tries::default(), now).await
    }
}

/// Recipients of a user's receipt in a group: all members of a small group, in a large one only the reader.
pub(crate) async fn receipt_audience(
    groups: &impl Groups,
    group: GroupId,
    reader: UserId,
) -> Result<Vec<UserId>, StoreError> {
    let members = groups.group(group).await?.map(|group| group.members).unwrap_or_default();
    let few = members.len() <= RECEIPT_AUDIENCE_MAX;
    Ok(if few { members.into_keys().collect() } else { vec![reader] })
}
