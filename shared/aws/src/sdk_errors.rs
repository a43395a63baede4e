//! Meaning of AWS SDK failures for a use case.
//!
//! Knows: how all SDKs distinguish a service's answer from the lack of one.
//! Must not know: any service.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use confab_app::ports::StoreError;

/// Failure of an SDK call that the caller has not handled itself.
pub trait SdkFailure {
    /// Returns the failure as a [`StoreError`]. `transient` are the service's error codes after which the same request
    /// may succeed, and may already have succeeded.
    ///
    /// A failure with such a code is [`StoreError::Unavailable`], and so is one without an answer, with an answer
    /// without a code, or with the status 429 or 5xx. All others are [`StoreError::Rejected`].
    fn into_store_error(self, transient: &[&str]) -> StoreError;
}

impl<E> SdkFailure for SdkError<E, HttpResponse>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn into_store_error(self, transient: &[&str]) -> StoreError {
        let by_status = status_of(&self).is_some_and(|status| status == 429 || status >= 500);
        let by_code = match self.as_service_error() {
            Some(service) => service.code().is_none_or(|code| transient.contains(&code)),
            None => true,
        };
        if by_status || by_code {
            StoreError::Unavailable(self.into())
        } else {
            StoreError::Rejected(self.into())
        }
    }
}

fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    #[track_caller]
    fn check(error: SdkError<Refusal, HttpResponse>, is_unavailable: bool) {
        let error = error.into_store_error(&["SlowDown"]);
        assert_eq!(matches!(error, StoreError::Unavailable(_)), is_unavailable, "{error:?}");
        assert_eq!(matches!(error, StoreError::Rejected(_)), !is_unavailable, "{error:?}");
    }

    /// Answer of a service.
    #[derive(Debug)]
    struct Refusal(ErrorMetadata);

    impl Refusal {
        fn of(status: u16, code: Option<&str>) -> SdkError<Self, HttpResponse> {
            let mut metadata = ErrorMetadata::builder();
            if let Some(code) = code {
                metadata = metadata.code(code);
            }
            let status = StatusCode::try_from(status).unwrap();
            SdkError::service_error(Self(metadata.build()), HttpResponse::new(status, SdkBody::empty()))
        }
    }

    impl std::fmt::Display for Refusal {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("refused")
        }
    }

    impl std::error::Error for Refusal {}

    impl ProvideErrorMetadata for Refusal {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    #[test]
    fn a_named_code_is_transient_and_others_are_not() {
        check(Refusal::of(400, Some("SlowDown")), true);
        check(Refusal::of(400, Some("ValidationException")), false);
        check(Refusal::of(403, Some("AccessDeniedException")), false);
    }

    #[test]
    fn a_status_of_429_or_5xx_is_transient_with_any_code() {
        for (status, code) in [
            (429, "TooManyRequestsException"),
            (500, "InternalServerErrorException"),
            (502, "BadGateway"),
            (503, "ServiceUnavailableException"),
            (504, "Whatever"),
        ] {
            check(Refusal::of(status, Some(code)), true);
        }
    }

    #[test]
    fn an_answer_without_a_code_and_no_answer_leave_the_outcome_unknown() {
        check(Refusal::of(400, None), true);
        check(SdkError::timeout_error("it took too long"), true);
        check(SdkError::construction_failure("never sent"), true);
    }
}
