//! Why something that a client asked for is not done.

use std::time::Duration;

use crate::UserId;

/// The caller's fault, or at least the caller's to act on; nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A field is missing or wrong.
    #[error("{field}: {problem}")]
    Field {
        /// Its name on the wire.
        field: &'static str,
        /// What is wrong with it, for people.
        problem: String,
    },
    /// Not JSON, or not of the shape that it should be.
    #[error("{0}")]
    Malformed(String),
    /// A frame asks for something that there is not.
    #[error("unknown action")]
    UnknownAction,
    /// A text is over its limit.
    #[error("{field} is too long: at most {limit} {unit}")]
    TooLong {
        /// Its name on the wire.
        field: &'static str,
        /// What `limit` and `actual` count.
        unit: &'static str,
        /// The most that is taken.
        limit: usize,
        /// What was sent.
        actual: usize,
    },
    /// The caller is not a member of the conversation.
    #[error("you are not a member of this conversation")]
    NotAMember,
    /// The other of a 1:1 conversation does not take messages from the caller; why is not told.
    #[error("this message was not accepted")]
    NotAccepted,
    /// The caller's role does not allow it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// Some of those named cannot be put into the group; why is not told.
    #[error("some of these users cannot be added")]
    CannotBeAdded(Vec<UserId>),
    /// The group has as many members as a group may have.
    #[error("the group is full")]
    GroupFull,
    /// What the caller named does not exist.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Somebody else has the handle.
    #[error("this handle is taken")]
    HandleTaken,
    /// The id of a message was used for another one, or may have been for one that has expired.
    #[error("id: {0}")]
    IdUsed(&'static str),
    /// Wrong handle or wrong password; which one is not told.
    #[error("wrong handle or password")]
    WrongCredentials,
    /// No credential, or one that is forged, expired or ended.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// Too many tries.
    #[error("too many tries, wait a little")]
    RateLimited {
        /// When the next try may succeed, from now.
        retry_after: Duration,
    },
}

impl Refusal {
    /// A field is missing or wrong.
    pub fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }
}
