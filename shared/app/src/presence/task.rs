//! Messages of the presence queue.

use confab_domain::{DeviceId, Presence, Status, Timestamp, UserId, WatchId};
use confab_protocol::server::ClosingReason;
use serde::{Deserialize, Serialize};

use super::Asked;
use super::pair::PairChange;
use crate::delivery::unreached::{Tries, Unreached};
use crate::ports::Session;

/// A task about one user's presence.
///
/// Shape: `{"version":"v1","step":"check","user":"usr_…","watch":81985529216486895}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version", rename_all = "snake_case")]
pub enum PresenceTask {
    /// The only version.
    V1(Step),
}

/// See [`PresenceTask`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A frame came from the user, and no watch checks the lease.
    Begin {
        /// `usr_…`.
        user: String,
        /// The watch that begins.
        watch: u64,
        /// The user who was answered `online` before friends were notified.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        shown: Option<Shown>,
    },
    /// The user's lease may have run out.
    Check {
        /// `usr_…`.
        user: String,
        /// The watch that this check belongs to, or a number that no watch has.
        watch: u64,
        /// Time by which the row names the watch, if at all. Unit: milliseconds since the Unix epoch.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        named_by_ms: Option<u64>,
    },
    /// Further friends have to be notified.
    #[serde(alias = "tell")]
    Notify {
        /// `usr_…`.
        user: String,
        /// The status to notify of.
        online: bool,
        /// `usr_…`, the contact after whom to continue.
        after: String,
    },
    /// The user is marked as alone, and further contacts have to be searched for an observer.
    #[serde(alias = "look_around")]
    FindObservers {
        /// `usr_…`.
        user: String,
        /// `usr_…`, the contact after whom to continue.
        after: String,
    },
    /// Connections of friends did not take an event.
    #[serde(alias = "again")]
    NotifyAgain {
        /// `usr_…`.
        user: String,
        /// The status to notify of.
        online: bool,
        /// Earlier tries.
        #[serde(flatten)]
        tries: Tries,
        /// The connections to notify.
        unreached: Vec<Unreached>,
    },
    /// A change lets two users see each other's presence, or ends that.
    Pair {
        /// `usr_…`.
        user: String,
        /// `usr_…`.
        other: String,
        /// Whether they see it after the change.
        sees: bool,
        /// Number of the change; absent in a message of an earlier version.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        number: Option<u64>,
        /// When the change was requested, or when the message last came before the change. Unit: milliseconds since
        /// the Unix epoch.
        at_ms: u64,
        /// Time by which the change is made, if at all. Unit: milliseconds since the Unix epoch.
        made_by_ms: u64,
    },
    /// Connections of a user of such a pair did not take an event.
    PairAgain {
        /// `usr_…`, the user whose presence changed.
        user: String,
        /// `usr_…`, the user to notify.
        other: String,
        /// The status to notify of.
        online: bool,
        /// When the pair was changed. Unit: milliseconds since the Unix epoch.
        at_ms: u64,
        /// Earlier tries.
        #[serde(flatten)]
        tries: Tries,
        /// The connections to notify.
        unreached: Vec<Unreached>,
    },
    /// Connections of the user did not get a probe.
    Ask {
        /// `usr_…`.
        user: String,
        /// Earlier tries.
        #[serde(flatten)]
        tries: Tries,
        /// Connections that had no room for the probe each time.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        full: Vec<String>,
    },
    /// Sockets of a device may be open that its current login did not open.
    EndSockets {
        /// `usr_…`.
        user: String,
        /// `dev_…`.
        device: String,
    },
    /// Connections have to be closed that the gateway did not have at an earlier try.
    CloseAgain(CloseAgain),
}

/// See [`Step::Begin`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// `usr_…`.
    pub to: String,
    /// The lease check that had ended the last watch, as the row named it at the time of the answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_by: Option<u64>,
}

/// See [`Step::CloseAgain`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAgain {
    /// `usr_…`.
    pub user: String,
    /// The gateway's names for the connections.
    pub connections: Vec<String>,
    /// Reason in the `closing` frame.
    pub reason: ClosingReason,
    /// Delay of this message. Unit: seconds.
    pub delay_seconds: u64,
    /// Time by which the handshakes of the connections have ended. Unit: milliseconds since the Unix epoch.
    pub until_ms: u64,
}

impl PresenceTask {
    pub(crate) fn begin(user: UserId, watch: WatchId) -> Self {
        Self::V1(Step::Begin { user: user.to_string(), watch: watch.0, shown: None })
    }

    /// As [`begin`](Self::begin), where `to` was answered `online` by a row with this presence.
    pub(crate) fn begin_shown(user: UserId, watch: WatchId, to: UserId, presence: &Presence) -> Self {
        let shown = Shown { to: to.to_string(), ended_by: presence.ended_by.map(|by| by.0) };
        Self::V1(Step::Begin { user: user.to_string(), watch: watch.0, shown: Some(shown) })
    }

    /// Checks the lease for a watch that the row names by `named_by`, if at all.
    pub(crate) fn check(user: UserId, watch: WatchId, named_by: Timestamp) -> Self {
        let named_by_ms = Some(named_by.as_ms());
        Self::V1(Step::Check { user: user.to_string(), watch: watch.0, named_by_ms })
    }

    /// Checks the lease once, for no watch.
    pub(crate) fn check_once(user: UserId, number: WatchId) -> Self {
        Self::V1(Step::Check { user: user.to_string(), watch: number.0, named_by_ms: None })
    }

    pub(crate) fn end_sockets(user: UserId, device: DeviceId) -> Self {
        Self::V1(Step::EndSockets { user: user.to_string(), device: device.to_string() })
    }

    pub(crate) const fn close_again(again: CloseAgain) -> Self {
        Self::V1(Step::CloseAgain(again))
    }

    pub(crate) fn notify(user: UserId, status: Status, after: UserId) -> Self {
        let online = status == Status::Online;
        Self::V1(Step::Notify { user: user.to_string(), online, after: after.to_string() })
    }

    pub(crate) fn find_observers(user: UserId, after: UserId) -> Self {
        Self::V1(Step::FindObservers { user: user.to_string(), after: after.to_string() })
    }

    pub(crate) fn notify_again(
        user: UserId,
        status: Status,
        tries: Tries,
        unreached: Vec<Unreached>,
    ) -> Self {
        let online = status == Status::Online;
        Self::V1(Step::NotifyAgain { user: user.to_string(), online, tries, unreached })
    }

    pub(super) fn pair(change: &PairChange) -> Self {
        let [user, other] = change.pair;
        Self::V1(Step::Pair {
            user: user.to_string(),
            other: other.to_string(),
            sees: change.sees,
            number: change.number.map(|number| number.0),
            at_ms: change.at.as_ms(),
            made_by_ms: change.made_by.as_ms(),
        })
    }

    /// Notifies a former friend of `offline` who was notified of the user's `online` as the friendship ended.
    pub(super) fn pair_again(user: UserId, former: &Session, now: Timestamp) -> Self {
        Self::V1(Step::PairAgain {
            user: user.to_string(),
            other: former.user.to_string(),
            online: false,
            at_ms: now.as_ms(),
            tries: Tries::default(),
            unreached: vec![Unreached {
                user: former.user.to_string(),
                connections: former.connections.iter().map(|open| open.id.to_string()).collect(),
            }],
        })
    }

    pub(crate) fn ask(user: UserId, Asked { tries, full }: Asked) -> Self {
        let full = full.into_iter().map(|id| id.to_string()).collect();
        Self::V1(Step::Ask { user: user.to_string(), tries, full })
    }
}

impl Step {
    /// Id of the user whom the task is about.
    pub fn user(&self) -> &str {
        match self {
            Self::Begin { user, .. }
            | Self::Check { user, .. }
            | Self::Notify { user, .. }
            | Self::FindObservers { user, .. }
            | Self::NotifyAgain { user, .. }
            | Self::Pair { user, .. }
            | Self::PairAgain { user, .. }
            | Self::Ask { user, .. }
            | Self::EndSockets { user, .. }
            | Self::CloseAgain(CloseAgain { user, .. }) => user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_domain::{ChangeNumber, ConnectionId};

    #[track_caller]
    fn check(task: &PresenceTask, expected: &str) {
        assert_eq!(serde_json::to_string(task).unwrap(), expected);
        assert_eq!(&serde_json::from_str::<PresenceTask>(expected).unwrap(), task);
    }

    #[test]
    fn a_task_reads_back_the_same() {
        let user: UserId = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let watch = WatchId(u64::MAX);
        check(
            &PresenceTask::begin(user, watch),
            r#"{"version":"v1","step":"begin","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","watch":18446744073709551615}"#,
        );
        let ended = Presence::begun(Timestamp::from_ms(1)).ended(WatchId(2));
        check(
            &PresenceTask::begin_shown(user, WatchId(1), user, &ended),
            r#"{"version":"v1","step":"begin","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","watch":1,"shown":{"to":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","ended_by":2}}"#,
        );
        check(
            &PresenceTask::check(user, WatchId(1), Timestamp::from_ms(2)),
            r#"{"version":"v1","step":"check","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","watch":1,"named_by_ms":2}"#,
        );
        check(
            &PresenceTask::check_once(user, WatchId(1)),
            r#"{"version":"v1","step":"check","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","watch":1}"#,
        );
        check(
            &PresenceTask::notify(user, Status::Offline, user),
            r#"{"version":"v1","step":"notify","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","online":false,"after":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
        );
        check(
            &PresenceTask::find_observers(user, user),
            r#"{"version":"v1","step":"find_observers","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","after":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
        );
        let unreached = vec![Unreached { user: user.to_string(), connections: vec!["c=".to_owned()] }];
        check(
            &PresenceTask::notify_again(user, Status::Online, Tries { full: 1, failed: 0 }, unreached),
            r#"{"version":"v1","step":"notify_again","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","online":true,"tries":1,"unreached":[{"user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","connections":["c="]}]}"#,
        );
        let asked = Asked { tries: Tries { full: 2, failed: 3 }, full: ["c="].map(ConnectionId::new).into() };
        check(
            &PresenceTask::ask(user, asked),
            r#"{"version":"v1","step":"ask","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","tries":2,"failures":3,"full":["c="]}"#,
        );
        let earlier = r#"{"version":"v1","step":"ask","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","tries":2}"#;
        assert!(serde_json::from_str::<PresenceTask>(earlier).is_ok());
        let device: DeviceId = "dev_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        check(
            &PresenceTask::end_sockets(user, device),
            r#"{"version":"v1","step":"end_sockets","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","device":"dev_01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
        );
        check(
            &PresenceTask::close_again(CloseAgain {
                user: user.to_string(),
                connections: vec!["L0SM9cOFvHcCIhw=".to_owned()],
                reason: ClosingReason::Displaced,
                delay_seconds: 2,
                until_ms: 3,
            }),
            r#"{"version":"v1","step":"close_again","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","connections":["L0SM9cOFvHcCIhw="],"reason":"displaced","delay_seconds":2,"until_ms":3}"#,
        );
    }

    #[test]
    fn a_task_about_a_pair_reads_back_the_same() {
        let user: UserId = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let change = PairChange {
            pair: [user, user],
            sees: false,
            number: Some(ChangeNumber(7)),
            at: Timestamp::from_ms(1),
            made_by: Timestamp::from_ms(2),
        };
        check(
            &PresenceTask::pair(&change),
            r#"{"version":"v1","step":"pair","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","other":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","sees":false,"number":7,"at_ms":1,"made_by_ms":2}"#,
        );
        check(
            &PresenceTask::pair(&PairChange { number: None, ..change }),
            r#"{"version":"v1","step":"pair","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","other":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","sees":false,"at_ms":1,"made_by_ms":2}"#,
        );
        check(
            &PresenceTask::V1(Step::PairAgain {
                user: user.to_string(),
                other: user.to_string(),
                online: false,
                at_ms: 1,
                tries: Tries { full: 2, failed: 0 },
                unreached: Vec::new(),
            }),
            r#"{"version":"v1","step":"pair_again","user":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","other":"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV","online":false,"at_ms":1,"tries":2,"unreached":[]}"#,
        );
    }
}
