//! Answers to a client's message: a function's answer or an error.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::shared::json;

/// The part of a function's answer that a route response uses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Returns the message for the client; an empty one if the answer has no body.
///
/// Source: serverless/serverless#6816, where a route response sent an empty message for an answer without a body.
///
/// # Errors
///
/// `Err` if the answer is not one that a proxy integration may give.
pub(super) fn read(answer: &[u8]) -> Result<Bytes, Malformed> {
    let answer: Option<Answer<'_>> = serde_json::from_slice(answer).map_err(|_| Malformed)?;
    let Some(Answer { body: Some(body), is_base64_encoded }) = answer else {
        return Ok(Bytes::new());
    };
    Ok(match is_base64_encoded {
        true => STANDARD.decode(&*body).map_err(|_| Malformed)?.into(),
        false => Bytes::from(body.into_owned()),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Error that API Gateway itself sends to a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failure {
    /// There is no route for the message, or the handshake is refused.
    Forbidden,
    Unauthorized,
    /// The function gave no answer. The text of its error is not sent.
    Internal,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    message: &'a str,
    connection_id: &'a str,
    request_id: &'a str,
}

pub(super) fn failure(failure: Failure, connection_id: &str, request_id: &str) -> Bytes {
    let message = match failure {
        Failure::Forbidden => "Forbidden",
        Failure::Unauthorized => "Unauthorized",
        Failure::Internal => "Internal server error",
    };
    json(&Shape { message, connection_id, request_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_message_and_without_one_it_is_empty() {
        assert_eq!(read(br#"{"statusCode":200,"body":"h\u00e9"}"#), Ok(Bytes::from("hé")));
        assert_eq!(read(br#"{"body":"aGk=","isBase64Encoded":true}"#), Ok(Bytes::from("hi")));
        for empty in [r#"{"statusCode":200,"body":""}"#, r#"{"body":null}"#, r#"{"statusCode":200}"#, "null"]
        {
            assert_eq!(read(empty.as_bytes()), Ok(Bytes::new()), "{empty}");
        }
        assert_eq!(read(b"7"), Err(Malformed));
        assert_eq!(read(b""), Err(Malformed));
    }
}
