//! Decision of a REQUEST authorizer.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use super::policy::Policy;
use crate::{functions::InvokeError, scalar::Scalar};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    principal_id: Scalar,
    policy_document: Policy,
    context: Option<BTreeMap<String, Option<Scalar>>>,
}

/// Returns the `requestContext.authorizer` of all events of the connection: `principalId` and the authorizer's context,
/// all values as strings. A null in the context is left out.
///
/// # Errors
///
/// The status of the refused handshake: 403 if the policy does not allow `arn`, 401 if the authorizer failed with the
/// text `Unauthorized`, and 500 if it failed otherwise or answered without a policy.
pub(super) fn decide(
    answer: Result<Bytes, InvokeError>,
    arn: &str,
) -> Result<BTreeMap<String, String>, StatusCode> {
    let answer = answer.map_err(|error| match error {
        InvokeError::Failed { message } if message == "Unauthorized" => StatusCode::UNAUTHORIZED,
        InvokeError::Failed { .. }
        | InvokeError::Panicked
        | InvokeError::TooLarge { .. }
        | InvokeError::TimedOut => StatusCode::INTERNAL_SERVER_ERROR,
    })?;
    let answer: Answer = serde_json::from_slice(&answer).map_err(|error| {
        tracing::warn!(%error, "the authorizer's answer is malformed");
        StatusCode::INTERNAL_SERVER_ERROR
    })?;
    if !answer.policy_document.allows(arn) {
        return Err(StatusCode::FORBIDDEN);
    }
    let context = answer.context.unwrap_or_default().into_iter();
    let mut values: BTreeMap<_, _> = context.filter_map(|(key, value)| Some((key, value?.0))).collect();
    values.insert("principalId".to_owned(), answer.principal_id.0);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: Result<&'static str, InvokeError>, expected: Result<&[(&str, &str)], u16>) {
        let decided =
            decide(answer.map(Bytes::from), "arn:aws:execute-api:x").map_err(|status| status.as_u16());
        let expected = expected
            .map(|pairs| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
        assert_eq!(decided, expected);
    }

    #[test]
    fn the_context_arrives_as_strings_beside_the_principal() {
        let answer = r#"{"principalId":"me","context":{"a":"b","n":1,"t":true,"none":null},
            "policyDocument":{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}"#;
        check(Ok(answer), Ok(&[("a", "b"), ("n", "1"), ("principalId", "me"), ("t", "true")]));
    }

    #[test]
    fn a_refusal_says_whose_fault_it_is() {
        let deny = r#"{"principalId":"me",
            "policyDocument":{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}}"#;
        check(Ok(deny), Err(403));
        check(Err(InvokeError::Failed { message: "Unauthorized".to_owned() }), Err(401));
        check(Err(InvokeError::Failed { message: "table missing".to_owned() }), Err(500));
        check(Err(InvokeError::TimedOut), Err(500));
        check(Ok("null"), Err(500));
    }
}
