//! Turns a function's answer, payload format 2.0, into an HTTP response.

use std::collections::BTreeMap;

use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::scalar::Scalar;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: Option<u16>,
    #[serde(default)]
    headers: Option<BTreeMap<String, Scalar>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Scalar>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// Reason why an answer is no response.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("it is not JSON of the right shape: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its status code is not one of a response")]
    Status,
    #[error("the header {name} cannot be sent")]
    Header { name: String },
    #[error("its body is not base64: {0}")]
    Body(#[from] base64::DecodeError),
}

/// Returns the response that the function asked for. JSON without a `statusCode` is itself the body of a response with
/// status 200.
pub(super) fn read(answer: &Bytes) -> Result<Response, AnswerError> {
    let inferred = || {
        serde_json::from_slice::<serde::de::IgnoredAny>(answer)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(build(StatusCode::OK, headers, answer.clone()))
    };
    let Ok(Answer {
        status_code: Some(status),
        headers,
        multi_value_headers,
        cookies,
        body,
        is_base64_encoded,
    }) = serde_json::from_slice::<Answer>(answer)
    else {
        return inferred();
    };
    let status = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational());
    let status = status.ok_or(AnswerError::Status)?;
    let mut headers = read_headers(headers.unwrap_or_default(), multi_value_headers.unwrap_or_default())?;
    for cookie in cookies.unwrap_or_default() {
        let name = header::SET_COOKIE.as_str();
        headers.append(header::SET_COOKIE, value(name, &cookie)?);
    }
    let body = body.unwrap_or_default();
    let body =
        if is_base64_encoded.unwrap_or(false) { STANDARD.decode(body)?.into() } else { Bytes::from(body) };
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        let default = HeaderValue::from_static("text/plain;charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, default);
    }
    Ok(build(status, headers, body))
}

/// Merges the headers. The values of `multiValueHeaders` replace one of the same name in `headers`: a function that
/// gives both repeats itself.
fn read_headers(
    single: BTreeMap<String, Scalar>,
    multi: BTreeMap<String, Vec<Scalar>>,
) -> Result<HeaderMap, AnswerError> {
    let mut headers = HeaderMap::new();
    for (name, values) in multi {
        for text in values {
            headers.append(header_name(&name)?, value(&name, &text.0)?);
        }
    }
    for (name, text) in single {
        let key = header_name(&name)?;
        if !headers.contains_key(&key) {
            headers.insert(key, value(&name, &text.0)?);
        }
    }
    // The gateway itself decides how the body is transferred.
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        headers.remove(name);
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName, AnswerError> {
    name.parse().map_err(|_| AnswerError::Header { name: name.to_owned() })
}

fn value(name: &str, text: &str) -> Result<HeaderValue, AnswerError> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| AnswerError::Header { name: name.to_owned() })
}

fn build(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response {
    let has_no_body = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let mut response = Response::new(if has_no_body { Body::empty() } else { Body::from(body) });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &'static str, status: u16, headers: &[(&str, &str)]) {
        let response = read(&Bytes::from(answer)).expect("a response");
        let mut given: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
            .collect();
        given.sort_unstable();
        assert_eq!((response.status().as_u16(), given.as_slice()), (status, headers));
    }

    #[test]
    fn headers_come_from_all_places_but_once() {
        check(
            r#"{"statusCode":201,"headers":{"A":"1","N":7,"Content-Length":"99"},"multiValueHeaders":{"a":["1","2"]},
                "cookies":["c=1","d=2"],"body":null}"#,
            201,
            &[("a", "1"), ("a", "2"), ("n", "7"), ("set-cookie", "c=1"), ("set-cookie", "d=2")],
        );
    }

    #[test]
    fn a_body_without_a_type_is_plain_text() {
        check(r#"{"statusCode":200,"body":"x"}"#, 200, &[("content-type", "text/plain;charset=UTF-8")]);
    }

    #[test]
    fn json_without_a_status_is_the_body() {
        check(r#"{"hello":"world"}"#, 200, &[("content-type", "application/json")]);
        check("[1]", 200, &[("content-type", "application/json")]);
    }

    #[test]
    fn an_answer_that_cannot_be_sent_is_refused() {
        for answer in [
            "",
            "{",
            r#"{"statusCode":101}"#,
            r#"{"statusCode":1000}"#,
            r#"{"statusCode":200,"headers":{"a b":"1"}}"#,
            r#"{"statusCode":200,"headers":{"a":"1\n2"}}"#,
            r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
        ] {
            assert!(read(&Bytes::from(answer)).is_err(), "{answer}");
        }
    }
}
