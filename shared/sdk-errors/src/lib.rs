//! What a failure of an AWS SDK means to a use case.
//!
//! Knows: how all SDKs tell a service's answer from the lack of one.
//! Must not know: any service.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use confab_app::ports::StoreError;

/// A failure other than those that the caller has looked for.
pub trait SdkFailure {
    /// What it means, where `transient` are the service's error codes after which the same request may succeed, and may
    /// have succeeded already.
    ///
    /// No answer, and an answer without a code, count as such: [`StoreError::Unavailable`]. All others are
    /// [`StoreError::Rejected`].
    fn into_store_error(self, transient: &[&str]) -> StoreError;
}

impl<E, R> SdkFailure for SdkError<E, R>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn into_store_error(self, transient: &[&str]) -> StoreError {
        let is_transient = match self.as_service_error() {
            Some(service) => service.code().is_none_or(|code| transient.contains(&code)),
            None => true,
        };
        if is_transient { StoreError::Unavailable(self.into()) } else { StoreError::Rejected(self.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::error::ErrorMetadata;

    #[track_caller]
    fn check(error: SdkError<Refusal, ()>, is_unavailable: bool) {
        let error = error.into_store_error(&["SlowDown"]);
        assert_eq!(matches!(error, StoreError::Unavailable(_)), is_unavailable, "{error:?}");
        assert_eq!(matches!(error, StoreError::Rejected(_)), !is_unavailable, "{error:?}");
    }

    /// What a service answered.
    #[derive(Debug)]
    struct Refusal(ErrorMetadata);

    impl Refusal {
        fn of(code: Option<&str>) -> SdkError<Self, ()> {
            let mut metadata = ErrorMetadata::builder();
            if let Some(code) = code {
                metadata = metadata.code(code);
            }
            SdkError::service_error(Self(metadata.build()), ())
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
    fn a_code_that_is_named_may_pass_and_others_do_not() {
        check(Refusal::of(Some("SlowDown")), true);
        check(Refusal::of(Some("ValidationException")), false);
    }

    #[test]
    fn an_answer_without_a_code_and_no_answer_leave_the_outcome_open() {
        check(Refusal::of(None), true);
        check(SdkError::timeout_error("it took too long"), true);
        check(SdkError::construction_failure("never sent"), true);
    }
}
