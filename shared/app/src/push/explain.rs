//! Explains why members were alerted to a message, or were not.
//!
//! For operators only: an explanation shows what members have muted and read.

use confab_domain::alerts::WINDOW;
use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{ConversationId, Kind, Message, Refusal, Seq, Status, Timestamp, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::decide::{NoAlert, wants};
use super::task::Subject;
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{
    Consistency, Devices, Direction, Groups, InboxRow, Inboxes, MessageLog, Range, Session, Sessions,
};
use crate::{Error, wire};

/// A message to explain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `dm_…` or `grp_…`.
    pub conversation: String,
    /// Position of the message.
    pub seq: u64,
}

/// What became of a message for each member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The message.
    #[serde(flatten)]
    pub question: Question,
    /// `text`, or the kind of a system entry, which alerts nobody.
    pub kind: String,
    /// When the message was sent. Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
    /// The present members.
    pub members: Vec<Member>,
}

/// What became of a message for one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// `usr_…`.
    pub user: String,
    /// See [`Outcome`].
    pub outcome: Outcome,
    /// The outcome in words: [`Outcome::why`].
    pub why: String,
    /// The user's present devices.
    pub devices: Vec<Device>,
}

/// A device of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// `dev_…`.
    pub device: String,
    /// `apns` or `fcm`; absent where the device is not registered for pushes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Whether a connection of the device is registered.
    pub connected: bool,
}

/// What became of a message for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The alert was recorded, and handed to the push service.
    Alerted,
    /// The message lies too far back in the log: whether it had an alert is not recorded any more.
    Forgotten,
    /// The member sent the message.
    Sender,
    /// The entry is a system entry, which alerts nobody.
    NoMessage,
    /// The member joined after the message, or is not in the conversation.
    NotAMember,
    /// The member has read the message.
    Read,
    /// The member has muted the conversation.
    Muted,
    /// No device of the member is registered for pushes.
    NoDevice,
    /// The member is online and not idle.
    Connected,
    /// No alert is recorded, and nothing recorded now speaks against one.
    NotAlerted,
}

impl Outcome {
    /// The outcome in words, for operators.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Alerted => "the alert was written down, and handed to the push service",
            Self::Forgotten => {
                "it lies more than 64 positions before the newest they were alerted to, so its own alert is not known any more"
            }
            Self::Sender => "it is their own message",
            Self::NoMessage => "changes of a group alert nobody",
            Self::NotAMember => "they joined after it, or are not in the conversation",
            Self::Read => "they have read it by now",
            Self::Muted => "they have muted the conversation, as of now",
            Self::NoDevice => "none of their devices is registered for pushes, as of now",
            Self::Connected => {
                "they are connected and not idle, as of now; a connected user is alerted only if the lease ends without a renewal"
            }
            Self::NotAlerted => {
                "they were connected when it was announced, or its task is still in the queue, in the dead-letter queue, or was never queued"
            }
        }
    }
}

/// Explains what became of a message.
///
/// What is not recorded is given as it is now, and `why` says so.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong id, a wrong position, and a message or group that does not exist; [`Error::Store`].
pub async fn explain(
    store: &(impl MessageLog + Groups + Inboxes + Devices + Sessions),
    policy: HeartbeatPolicy,
    question: Question,
    now: Timestamp,
) -> Result<Explanation, Error> {
    let conversation: ConversationId = wire::parse_id("conversation", &question.conversation)?;
    let seq = wire::parse_seq("seq", question.seq)?;
    let range = Range { from: seq, to: seq, direction: Direction::Up };
    let page = store.page(conversation, range, 1).await?;
    let entry = page.entries.into_iter().next().ok_or(Refusal::NotFound("message"))?;
    let users = match conversation {
        ConversationId::Dm { lower, upper } => vec![lower, upper],
        ConversationId::Group(group) => {
            let group = store.group(group).await?.ok_or(Refusal::NotFound("group"))?;
            group.members.into_keys().collect()
        }
    };
    let sessions = store.sessions(&users).await?;
    let (sessions, entry) = (&sessions, &entry);
    let members = stream::iter(users)
        .map(|user| async move {
            let session = sessions.iter().find(|session| session.user == user);
            member(store, policy, entry, user, session, now).await
        })
        .buffered(STORE_CALLS_MAX)
        .try_collect()
        .await?;
    let kind = entry.kind.as_str().to_owned();
    Ok(Explanation { question, kind, sent_at_ms: entry.sent_at.as_ms(), members })
}

async fn member(
    store: &(impl Inboxes + Devices),
    policy: HeartbeatPolicy,
    entry: &Message,
    user: UserId,
    session: Option<&Session>,
    now: Timestamp,
) -> Result<Member, Error> {
    let (row, devices) = futures_util::future::try_join(
        store.get(user, entry.conversation, Consistency::Strong),
        store.devices(user),
    )
    .await?;
    let is_online = session.is_some_and(|row| row.status(policy, now) == Status::Online && !row.is_idle());
    let is_registered = devices.iter().any(|device| device.push.is_some());
    let outcome = outcome(entry, user, row.as_ref(), is_registered, is_online, now);
    let is_connected = |device| {
        session.into_iter().flat_map(|row| &row.connections).any(|connection| connection.device == device)
    };
    Ok(Member {
        user: user.to_string(),
        outcome,
        why: outcome.why().to_owned(),
        devices: devices
            .into_iter()
            .map(|device| Device {
                device: device.device.to_string(),
                platform: device.push.map(|registration| registration.platform.to_string()),
                connected: is_connected(device.device),
            })
            .collect(),
    })
}

fn outcome(
    entry: &Message,
    user: UserId,
    row: Option<&InboxRow>,
    is_registered: bool,
    is_online: bool,
    now: Timestamp,
) -> Outcome {
    if entry.kind != Kind::Text {
        return Outcome::NoMessage;
    }
    if entry.sender == user {
        return Outcome::Sender;
    }
    let Some(row) = row else { return Outcome::NotAMember };
    let subject = Subject {
        conversation: entry.conversation,
        seq: entry.seq,
        sender: entry.sender,
        sent_at: entry.sent_at,
        group: None,
    };
    match wants(row, &subject, now) {
        Err(NoAlert::NotAMember) => Outcome::NotAMember,
        _ if is_forgotten(row, entry.seq) => Outcome::Forgotten,
        _ if row.alerts.has(entry.seq) => Outcome::Alerted,
        Err(NoAlert::HasRead) => Outcome::Read,
        Err(NoAlert::Muted) => Outcome::Muted,
        Ok(()) if !is_registered => Outcome::NoDevice,
        Ok(()) if is_online => Outcome::Connected,
        Ok(()) => Outcome::NotAlerted,
    }
}

fn is_forgotten(row: &InboxRow, seq: Seq) -> bool {
    row.alerts.newest.is_some_and(|newest| newest.get().saturating_sub(seq.get()) > WINDOW)
}
