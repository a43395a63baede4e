//! The HTTP API, call by call.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::{cloud, fresh, refusal, times};

/// A client of the HTTP API, with or without a token.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    token: Option<String>,
}

impl Http {
    /// A client without a token. `base` is such as `http://127.0.0.1:8080`.
    pub fn new(base: &str) -> Self {
        assert!(base.starts_with("http://"), "{base}: this client speaks HTTP without TLS only");
        let mut connector = HttpConnector::new();
        connector.set_local_address(own_address(base));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, base: base.trim_end_matches('/').to_owned(), token: None }
    }

    /// The same client with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client without a token.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The address of the server.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send(method, path, body).await
    }

    /// A request with any body. A deployed chat may leave its outcome unknown; then the request is repeated, as the
    /// protocol asks of clients. A local runner has no reason to, so its answer is returned as it is.
    pub async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let (what, body) = (format!("{method} {path}"), body.into());
        let mut pauses = cloud::pauses();
        let mut is_repeated = false;
        loop {
            let answer = match self.try_send(method.clone(), path, body.clone()).await {
                Ok(answer) => Answer { is_repeated, ..answer },
                Err(problem) => panic!("{what} got no answer: {problem}"),
            };
            let Some(pause) = pauses.next().filter(|_| answer.leaves_the_outcome_open()) else {
                return answer;
            };
            eprintln!("once more: {}", answer.shown());
            tokio::time::sleep(pause).await;
            is_repeated = true;
        }
    }

    /// A request with any body, to a server that may have ended.
    ///
    /// # Errors
    ///
    /// Returns the failure of the connection.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, String> {
        let what = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = body.into();
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(body)).expect("a request");
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| format!("{error:?}"))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
            let (status, headers) = (head.status.as_u16(), head.headers);
            Ok(Answer { what, status, headers, body, is_repeated: false })
        };
        tokio::time::timeout(times::patience(), exchange).await.unwrap_or_else(|_| Err("too late".to_owned()))
    }
}

/// An address for this client alone, if the server is on this machine.
///
/// Signups are counted by address, and all tests together make more of them than one address may.
fn own_address(base: &str) -> Option<IpAddr> {
    if !cfg!(target_os = "linux") || !base.starts_with("http://127.") {
        return None;
    }
    let [a, b, c, ..] = fresh::random().to_le_bytes();
    Some(Ipv4Addr::new(127, a | 1, b, c.clamp(1, 254)).into())
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub struct Answer {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether it answers a repeated request, after a first one of unknown outcome.
    pub(crate) is_repeated: bool,
}

impl Answer {
    /// Whether the answer is `unavailable`, or a server error of the gateway itself: the function did not answer.
    fn leaves_the_outcome_open(&self) -> bool {
        let body = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        let code = &body["error"]["code"];
        self.status >= 500 && (code.is_null() || code == "unavailable")
    }

    /// The JSON of a success with content.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.with_status(200)
    }

    /// The JSON of an answer with this status.
    #[track_caller]
    pub fn with_status(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.shown());
        self.json()
    }

    /// A success without content.
    #[track_caller]
    pub fn no_content(self) {
        assert_eq!((self.status, self.body.len()), (204, 0), "{}", self.shown());
    }

    /// The error of a refusal with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.shown());
        let error = self.json()["error"].take();
        refusal::check_code(&error, code);
        error
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let content_type = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        assert_eq!(content_type, Some("application/json"), "{}", self.shown());
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.shown()))
    }

    pub fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text: String = text.chars().take(500).collect();
        format!("{} answered {} {text}", self.what, self.status)
    }
}
