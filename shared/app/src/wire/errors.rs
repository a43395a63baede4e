//! Errors, as clients get them.

use confab_domain::{Refusal, UserId};
use confab_protocol::server::ClosingReason;
use confab_protocol::{ErrorBody, ErrorCode};

use crate::Error;
use crate::ports::StoreError;

/// The error that a client gets. It has no causes: those are logged only.
pub fn error_body(error: &Error) -> ErrorBody {
    match error {
        Error::Refused(refusal) => refusal_body(refusal),
        Error::ConnectionEnded(ClosingReason::LoggedOut) => {
            ErrorBody::new(ErrorCode::Unauthenticated, "this device was logged out")
        }
        Error::ConnectionEnded(ClosingReason::Displaced | ClosingReason::TooSlow) => {
            ErrorBody::new(ErrorCode::Unavailable, "this socket was closed; nothing was done")
        }
        Error::Contended => ErrorBody {
            retry_after_ms: Some(50),
            ..ErrorBody::new(ErrorCode::Unavailable, "busy, try again with the same id")
        },
        Error::Store(StoreError::Unavailable(_)) => ErrorBody {
            retry_after_ms: Some(200),
            ..ErrorBody::new(ErrorCode::Unavailable, "try again; it is unknown whether this was done")
        },
        Error::Store(StoreError::Rejected(_) | StoreError::Malformed { .. }) | Error::Internal(_) => {
            ErrorBody::new(ErrorCode::Internal, "something went wrong on our side")
        }
    }
}

fn refusal_body(refusal: &Refusal) -> ErrorBody {
    let code = match refusal {
        Refusal::Field { .. } | Refusal::Malformed(_) => ErrorCode::BadRequest,
        Refusal::UnknownAction => ErrorCode::UnknownAction,
        Refusal::TooLong { .. } => ErrorCode::TooLarge,
        Refusal::NotAMember | Refusal::NotAllowed(_) | Refusal::NotAccepted | Refusal::CannotBeAdded(_) => {
            ErrorCode::Forbidden
        }
        Refusal::GroupFull => ErrorCode::GroupFull,
        Refusal::NotFound(_) => ErrorCode::NotFound,
        Refusal::HandleTaken | Refusal::IdUsed(_) => ErrorCode::Conflict,
        Refusal::WrongCredentials | Refusal::Unauthenticated(_) => ErrorCode::Unauthenticated,
        Refusal::RateLimited { .. } => ErrorCode::RateLimited,
    };
    let mut body = ErrorBody::new(code, refusal.to_string());
    if let Refusal::CannotBeAdded(users) = refusal {
        body.users = users.iter().map(UserId::to_string).collect();
    }
    if let Refusal::TooLong { limit, actual, .. } = refusal {
        body.limit = Some(*limit as u64);
        body.actual = Some(*actual as u64);
    }
    if let Refusal::RateLimited { retry_after } = refusal {
        body.retry_after_ms = Some(u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX).max(1));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_of_an_error_reaches_a_client() {
        let secret = StoreError::Unavailable("table confab-users is on fire".into());
        let body = error_body(&Error::Store(secret));
        assert_eq!(body.code, ErrorCode::Unavailable);
        assert!(!serde_json::to_string(&body).unwrap().contains("fire"));
    }

    #[test]
    fn a_size_refusal_has_limit_and_actual() {
        let refusal = Refusal::TooLong { field: "text", unit: "bytes", limit: 400_000, actual: 400_001 };
        let body = error_body(&Error::Refused(refusal));
        assert_eq!((body.code, body.limit, body.actual), (ErrorCode::TooLarge, Some(400_000), Some(400_001)));
    }
}
