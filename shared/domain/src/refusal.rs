//! Refusals of client requests.

use std::time::Duration;

use crate::UserId;

/// Reason why a request is refused. The caller caused it or has to act on it; nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A field is missing or wrong.
    #[error("{field}: {problem}")]
    Field {
        /// The field's name on the wire.
        field: &'static str,
        /// The rule that the field breaks, for people.
        problem: String,
    },
    /// The body is not JSON, or not of the expected shape.
    #[error("{0}")]
    Malformed(String),
    /// The frame's action does not exist.
    #[error("unknown action")]
    UnknownAction,
    /// A text is over its limit.
    #[error("{field} is too long: at most {limit} {unit}")]
    TooLong {
        /// The field's name on the wire.
        field: &'static str,
        /// Unit of `limit` and `actual`.
        unit: &'static str,
        /// Largest length, inclusive.
        limit: usize,
        /// Length that was sent.
        actual: usize,
    },
    /// The caller is not a member of the conversation.
    #[error("you are not a member of this conversation")]
    NotAMember,
    /// The other user of a 1:1 conversation does not accept messages from the caller. The reason is not revealed.
    #[error("this message was not accepted")]
    NotAccepted,
    /// The caller's role does not allow it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// Some of the named users cannot be added to the group. The reason is not revealed.
    #[error("some of these users cannot be added")]
    CannotBeAdded(Vec<UserId>),
    /// The group has the largest number of members.
    #[error("the group is full")]
    GroupFull,
    /// The object that the caller named does not exist.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Another user has the handle.
    #[error("this handle is taken")]
    HandleTaken,
    /// The id of a message was used for another message, or may have been used for one that has expired.
    #[error("id: {0}")]
    IdUsed(&'static str),
    /// The handle or the password is wrong; which one is not revealed.
    #[error("wrong handle or password")]
    WrongCredentials,
    /// The credential is missing, forged, expired or revoked.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// Too many tries.
    #[error("too many tries; wait and try again")]
    RateLimited {
        /// Pause after which the next try may succeed.
        retry_after: Duration,
    },
}

impl Refusal {
    /// A field is missing or wrong.
    pub fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }
}
