//! What the queue holds.

use confab_domain::{ConversationId, DeviceId, Heading, Message, Seq, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::TaskFailure;

/// Something that phones are to be told.
///
/// Shape: `{"version":"v1","step":"alert","message":{"conversation":"grp_…","seq":7,"sender":"usr_…","sent_at_ms":…,
/// "group":"Team"},"absent":[{"user":"usr_…","renewed_at_ms":…}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version", rename_all = "snake_case")]
pub enum PushTask {
    /// The one version that there is.
    V1(Step),
}

/// See [`PushTask`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Members were not reached by a message.
    Alert {
        /// Which.
        message: MessageRef,
        /// Who.
        absent: Vec<Absent>,
        /// Only those who were not heard from since.
        #[serde(skip_serializing_if = "std::ops::Not::not", default, alias = "unless_heard")]
        unless_renewed: bool,
    },
    /// The push service did not take an alert that is written down.
    Again {
        /// Of which message.
        message: MessageRef,
        /// `usr_…`.
        user: String,
        /// `dev_…`, those that it was not taken for.
        devices: Vec<String>,
        /// How often it was tried.
        attempt: u32,
    },
    /// A user fell silent while the gateway still took posts for them.
    Silence {
        /// `usr_…`.
        user: String,
        /// When they were last heard from. Unit: milliseconds since the Unix epoch.
        #[serde(alias = "heard_at_ms")]
        renewed_at_ms: u64,
    },
    /// A member has read on.
    Clear {
        /// `usr_…`.
        user: String,
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// `dev_…`, on which they have, and which knows.
        reader: String,
        /// Up to where they have on that one.
        read_seq: u64,
    },
    /// A conversation is unread no longer, since members have left it or muted it.
    ClearAll {
        /// `usr_…` of each.
        users: Vec<String>,
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// `dev_…`, on which a user did it, and which knows.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        except: Option<String>,
    },
}

/// A message, as far as an alert needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    /// `dm_…` or `grp_…`.
    pub conversation: String,
    /// Its position.
    pub seq: u64,
    /// `usr_…`.
    pub sender: String,
    /// Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
    /// The group's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<String>,
}

/// A member who was not reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// `usr_…`.
    pub user: String,
    /// When they were last heard from, or active where they are idle; 0 for never. Unit: milliseconds since the Unix epoch.
    #[serde(alias = "heard_at_ms")]
    pub renewed_at_ms: u64,
}

/// A [`MessageRef`] that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) conversation: ConversationId,
    pub(super) seq: Seq,
    pub(super) sender: UserId,
    pub(super) sent_at: Timestamp,
    pub(super) group: Option<&'a str>,
}

impl Subject<'_> {
    /// Says in the log what became of the message for a member.
    pub(super) fn log(&self, user: UserId, outcome: &str) {
        tracing::info!(event = "alert_decided", conversation = %self.conversation, seq = self.seq.get(), %user, outcome, "alert");
    }
}

impl PushTask {
    pub(crate) fn alert(
        message: &Message,
        group: Option<&str>,
        absent: Vec<Absent>,
        unless_renewed: bool,
    ) -> Self {
        Self::V1(Step::Alert {
            message: MessageRef::of(message.conversation, &message.into(), group),
            absent,
            unless_renewed,
        })
    }

    pub(crate) fn silence(user: UserId, renewed_at: Timestamp) -> Self {
        Self::V1(Step::Silence { user: user.to_string(), renewed_at_ms: renewed_at.as_ms() })
    }

    pub(crate) fn clear(
        user: UserId,
        conversation: ConversationId,
        (reader, read_seq): (DeviceId, Seq),
    ) -> Self {
        Self::V1(Step::Clear {
            user: user.to_string(),
            conversation: conversation.to_string(),
            reader: reader.to_string(),
            read_seq: read_seq.get(),
        })
    }

    pub(crate) fn clear_all(
        users: &[UserId],
        conversation: ConversationId,
        except: Option<DeviceId>,
    ) -> Self {
        Self::V1(Step::ClearAll {
            users: users.iter().map(UserId::to_string).collect(),
            conversation: conversation.to_string(),
            except: except.map(|device| device.to_string()),
        })
    }

    /// What tasks are kept apart by, so that a busy conversation does not hold up the others: its id, or a user's.
    pub fn group(&self) -> &str {
        let Self::V1(step) = self;
        match step {
            Step::Alert { message, .. } | Step::Again { message, .. } => &message.conversation,
            Step::Clear { conversation, .. } | Step::ClearAll { conversation, .. } => conversation,
            Step::Silence { user, .. } => user,
        }
    }
}

impl MessageRef {
    /// A message of a conversation, and the name of the group that it is in.
    pub(super) fn of(conversation: ConversationId, message: &Heading, group: Option<&str>) -> Self {
        Self {
            conversation: conversation.to_string(),
            seq: message.seq.get(),
            sender: message.sender.to_string(),
            sent_at_ms: message.sent_at.as_ms(),
            group: group.map(str::to_owned),
        }
    }

    pub(super) fn read(&self) -> Result<Subject<'_>, TaskFailure> {
        Ok(Subject {
            conversation: self
                .conversation
                .parse()
                .map_err(|_| TaskFailure::Permanent("no conversation id"))?,
            seq: Seq::new(self.seq).ok_or(TaskFailure::Permanent("no position"))?,
            sender: user_id(&self.sender)?,
            sent_at: Timestamp::from_ms(self.sent_at_ms),
            group: self.group.as_deref(),
        })
    }
}

pub(super) fn user_id(text: &str) -> Result<UserId, TaskFailure> {
    text.parse().map_err(|_| TaskFailure::Permanent("no user id"))
}

pub(super) fn device_id(text: &str) -> Result<DeviceId, TaskFailure> {
    text.parse().map_err(|_| TaskFailure::Permanent("no device id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV";

    #[track_caller]
    fn check(step: Step, expected: &str) {
        let task = PushTask::V1(step);
        assert_eq!(serde_json::to_string(&task).unwrap(), expected);
        assert_eq!(serde_json::from_str::<PushTask>(expected).unwrap(), task);
    }

    #[test]
    fn a_task_reads_back_the_same() {
        let message = MessageRef {
            conversation: "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            seq: 7,
            sender: USER.to_owned(),
            sent_at_ms: 1,
            group: Some("Team".to_owned()),
        };
        let absent = vec![Absent { user: USER.to_owned(), renewed_at_ms: 2 }];
        check(
            Step::Alert { message: message.clone(), absent, unless_renewed: false },
            r#"{"version":"v1","step":"alert","message":{"conversation":"grp_01ARZ3NDEKTSV4RRFFQ69G5FAV","seq":7,"sender":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","sent_at_ms":1,"group":"Team"},"absent":[{"user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","renewed_at_ms":2}]}"#,
        );
        let message = MessageRef { group: None, ..message };
        check(
            Step::Again { message, user: USER.to_owned(), devices: Vec::new(), attempt: 1 },
            r#"{"version":"v1","step":"again","message":{"conversation":"grp_01ARZ3NDEKTSV4RRFFQ69G5FAV","seq":7,"sender":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","sent_at_ms":1},"user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","devices":[],"attempt":1}"#,
        );
        check(
            Step::Silence { user: USER.to_owned(), renewed_at_ms: 3 },
            r#"{"version":"v1","step":"silence","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","renewed_at_ms":3}"#,
        );
        check(
            Step::ClearAll {
                users: vec![USER.to_owned()],
                conversation: "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
                except: None,
            },
            r#"{"version":"v1","step":"clear_all","users":["usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"],"conversation":"grp_01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
        );
        let (conversation, reader) = ("grp_01ARZ3NDEKTSV4RRFFQ69G5FAV", "dev_01ARZ3NDEKTSV4RRFFQ69G5FAV");
        check(
            Step::Clear {
                user: USER.to_owned(),
                conversation: conversation.to_owned(),
                reader: reader.to_owned(),
                read_seq: 5,
            },
            r#"{"version":"v1","step":"clear","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","conversation":"grp_01ARZ3NDEKTSV4RRFFQ69G5FAV","reader":"dev_01ARZ3NDEKTSV4RRFFQ69G5FAV","read_seq":5}"#,
        );
    }
}
