//! The REST form of `@connections`, for the transport of an AWS SDK in this process.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::{ConnectionInfo, Connections, PostError};
use crate::clock;

/// Header with the name of an error, for SDKs, which do not read the status.
const ERROR_TYPE: &str = "x-amzn-errortype";

impl Connections {
    /// Answers a request to `/{stage}/@connections/{id}` as API Gateway does: POST 200, GET 200 with JSON, DELETE 204,
    /// and the errors 403 for any other path, 410, 413 and 429 by name. The id may be percent-encoded. Signatures are
    /// not checked.
    ///
    /// On AWS an id of a wrong form may give 400; here it is 410 like any other id that is not open.
    pub fn handle_request(&self, method: &Method, path: &str, body: Bytes) -> Response<Bytes> {
        let Some(connection_id) = self.connection_id(path) else {
            return forbidden();
        };
        if method == Method::POST {
            self.post(&connection_id, body).map_or_else(refused, |()| respond(StatusCode::OK, Bytes::new()))
        } else if method == Method::GET {
            self.info(&connection_id).map_or_else(|| refused(PostError::Gone), |info| described(&info))
        } else if method == Method::DELETE {
            match self.close(&connection_id) {
                true => respond(StatusCode::NO_CONTENT, Bytes::new()),
                false => refused(PostError::Gone),
            }
        } else {
            forbidden()
        }
    }

    /// The id in a path `/{stage}/@connections/{id}`, decoded; `None` for any other path.
    pub fn connection_id(&self, path: &str) -> Option<String> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let (stage, connection_id) = path.strip_prefix('/')?.split_once("/@connections/")?;
        (stage == self.stage() && !connection_id.is_empty()).then(|| connection_id.to_owned())
    }
}

fn refused(error: PostError) -> Response<Bytes> {
    match error {
        PostError::Gone => failure(StatusCode::GONE, "GoneException", "Gone"),
        PostError::Full => {
            failure(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", "Client queue is full")
        }
        PostError::TooLarge => {
            failure(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", "Message too long")
        }
    }
}

fn forbidden() -> Response<Bytes> {
    failure(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
}

fn failure(status: StatusCode, name: &'static str, message: &str) -> Response<Bytes> {
    let mut response = respond(status, format!(r#"{{"message":"{message}"}}"#).into());
    response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(name));
    response
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    connected_at: String,
    identity: Identity<'a>,
    last_active_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    source_ip: &'a str,
    /// Not optional in the answer: the SDK's model requires it.
    user_agent: &'a str,
}

fn described(info: &ConnectionInfo) -> Response<Bytes> {
    let identity =
        Identity { source_ip: &info.source_ip, user_agent: info.user_agent.as_deref().unwrap_or_default() };
    let description = Description {
        connected_at: clock::iso_8601(info.connected_at_ms),
        identity,
        last_active_at: clock::iso_8601(info.last_active_at_ms),
    };
    respond(StatusCode::OK, crate::shared::json(&description))
}

fn respond(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if !response.body().is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Limits, connections::Opening};

    const ID: &str = "TWegAcC4EowCHnA=";

    fn with_one_connection() -> (Connections, crate::connections::Mailbox) {
        let limits = Limits { outbound_queue_max: 2, message_bytes_max: 4, ..Limits::default() };
        let connections = Connections::new("local".to_owned(), limits);
        let mailbox = connections.open(Opening {
            connection_id: ID.to_owned(),
            connected_at_ms: 1_707_503_007_396,
            source_ip: "192.0.2.1".to_owned(),
            user_agent: None,
            authorizer: None,
        });
        (connections, mailbox)
    }

    #[track_caller]
    fn check(
        connections: &Connections,
        method: Method,
        path: &str,
        body: &'static str,
        status: u16,
        error: &str,
    ) {
        let response = connections.handle_request(&method, path, Bytes::from(body));
        let named = response.headers().get(ERROR_TYPE).map(HeaderValue::as_bytes);
        assert_eq!((response.status().as_u16(), named.unwrap_or_default()), (status, error.as_bytes()));
    }

    #[test]
    fn errors_are_named_for_the_sdk() {
        let (connections, _mailbox) = with_one_connection();
        let path = "/local/@connections/TWegAcC4EowCHnA%3D";
        check(&connections, Method::POST, "/local/@connections/unknown%3D", "a", 410, "GoneException");
        check(
            &connections,
            Method::POST,
            "/other/@connections/TWegAcC4EowCHnA%3D",
            "a",
            403,
            "ForbiddenException",
        );
        check(&connections, Method::POST, path, "12345", 413, "PayloadTooLargeException");
        check(&connections, Method::POST, path, "a", 200, "");
        check(&connections, Method::POST, path, "b", 200, "");
        check(&connections, Method::POST, path, "c", 429, "LimitExceededException");
    }

    #[test]
    fn a_deleted_connection_no_longer_exists() {
        let (connections, _mailbox) = with_one_connection();
        let path = "/local/@connections/TWegAcC4EowCHnA=";
        check(&connections, Method::DELETE, path, "", 204, "");
        check(&connections, Method::DELETE, path, "", 410, "GoneException");
        check(&connections, Method::GET, path, "", 410, "GoneException");
        check(&connections, Method::POST, path, "a", 410, "GoneException");
    }

    #[test]
    fn a_connection_is_described() {
        let (connections, _mailbox) = with_one_connection();
        let response =
            connections.handle_request(&Method::GET, &format!("/local/@connections/{ID}"), Bytes::new());
        let expected = concat!(
            r#"{"connectedAt":"2024-02-09T18:23:27.396Z","identity":{"sourceIp":"192.0.2.1","userAgent":""},"#,
            r#""lastActiveAt":"2024-02-09T18:23:27.396Z"}"#
        );
        assert_eq!(response.body(), expected);
    }

    #[test]
    fn a_queue_is_bounded_in_bytes_too_but_takes_one_message_of_any_size() {
        let limits = Limits { outbound_queue_bytes_max: 3, ..Limits::default() };
        let connections = Connections::new("local".to_owned(), limits);
        let mut mailbox = connections.open(Opening {
            connection_id: ID.to_owned(),
            connected_at_ms: 0,
            source_ip: String::new(),
            user_agent: None,
            authorizer: None,
        });
        assert_eq!(connections.post(ID, Bytes::from("12345")), Ok(()));
        assert_eq!(connections.post(ID, Bytes::from("1")), Err(PostError::Full));
        assert_eq!(mailbox.queue.try_next(), Some(Bytes::from("12345")));
        assert_eq!(connections.post(ID, Bytes::from("1")), Ok(()));
    }
}
