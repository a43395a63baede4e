//! Messages of the push queue.

use confab_domain::{ConversationId, DeviceId, Heading, Message, Seq, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::TaskFailure;

/// A task about pushes to the phones of some users.
///
/// Shape: `{"version":"v1","step":"alert","message":{"conversation":"grp_…","seq":7,"sender":"usr_…","sent_at_ms":…,
/// "group":"Team"},"absent":[{"user":"usr_…","renewed_at_ms":…}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version", rename_all = "snake_case")]
pub enum PushTask {
    /// The only version.
    V1(Step),
}

/// See [`PushTask`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A message did not reach some members.
    Alert {
        /// The message.
        message: MessageRef,
        /// The members.
        absent: Vec<Absent>,
        /// Whether to leave out members whose lease was renewed since.
        #[serde(skip_serializing_if = "std::ops::Not::not", default, alias = "unless_heard")]
        unless_renewed: bool,
    },
    /// The push service did not take an alert that is recorded in the inbox row.
    Again {
        /// The message.
        message: MessageRef,
        /// `usr_…`.
        user: String,
        /// `dev_…` of each device for which the service did not take the alert.
        devices: Vec<String>,
        /// Earlier tries.
        attempt: u32,
    },
    /// The lease of a user has ended, and the gateway may have taken posts for a dead socket.
    Silence {
        /// `usr_…`.
        user: String,
        /// When the lease was last renewed. Unit: milliseconds since the Unix epoch.
        #[serde(alias = "heard_at_ms")]
        renewed_at_ms: u64,
    },
    /// A member has read further.
    Clear {
        /// `usr_…`.
        user: String,
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// `dev_…`, the device on which the member read; it gets no push.
        reader: String,
        /// The read mark that this device has set.
        read_seq: u64,
    },
    /// A conversation no longer counts as unread, since members have left or muted it.
    ClearAll {
        /// `usr_…` of each.
        users: Vec<String>,
        /// `dm_…` or `grp_…`.
        conversation: String,
        /// `dev_…`, the device on which a user left or muted; it gets no push.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        except: Option<String>,
    },
}

/// The parts of a message that an alert needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    /// `dm_…` or `grp_…`.
    pub conversation: String,
    /// Position of the message.
    pub seq: u64,
    /// `usr_…`.
    pub sender: String,
    /// When the message was sent. Unit: milliseconds since the Unix epoch.
    pub sent_at_ms: u64,
    /// The group's name; absent in a 1:1 conversation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<String>,
}

/// A member whom a message did not reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// `usr_…`.
    pub user: String,
    /// When the member's lease was last renewed, or when an idle member was last active; 0 for never. Unit:
    /// milliseconds since the Unix epoch.
    #[serde(alias = "heard_at_ms")]
    pub renewed_at_ms: u64,
}

/// A parsed [`MessageRef`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) conversation: ConversationId,
    pub(super) seq: Seq,
    pub(super) sender: UserId,
    pub(super) sent_at: Timestamp,
    pub(super) group: Option<&'a str>,
}

impl Subject<'_> {
    /// Logs what became of the message for a member.
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

    /// The id by which the queue keeps tasks apart, so that a busy conversation does not delay the others: that of the
    /// conversation, or of the user.
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
    /// The parts of a message of a conversation, with the group's name.
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
