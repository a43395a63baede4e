//! Configuration of a gateway, and its limits: AWS's, where AWS publishes one.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// One gateway: at most one WebSocket API and one HTTP API on one address.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Stage of the WebSocket API, as in `requestContext.stage` and in the path of `@connections`. The HTTP API has the
    /// stage `$default`, whose name is no part of its paths.
    pub stage: String,
    /// `requestContext.apiId`, and the first label of `domainName`.
    pub api_id: String,
    /// Region in ARNs and in `domainName`; nothing is resolved there.
    pub region: String,
    pub account_id: String,
    pub websocket: Option<WebSocketApi>,
    pub http: Option<HttpApi>,
    pub limits: Limits,
}

/// A WebSocket API.
#[derive(Clone, Debug)]
pub struct WebSocketApi {
    /// Path of the handshake; only this exact path is served.
    pub path: String,
    /// Function that authorizes `$connect` (type REQUEST, no identity sources, so that the gateway asks it about every
    /// handshake).
    pub authorizer: Option<String>,
    pub routes: Vec<Route>,
    /// Field of a message that names its route: `action` stands for the selection expression `$request.body.action`.
    pub selection: String,
}

/// A route of a WebSocket API and the function behind it.
#[derive(Clone, Debug)]
pub struct Route {
    /// `$connect`, `$disconnect`, `$default`, or a value of the selection field.
    pub key: String,
    pub function: String,
    /// Whether the route has a route response. Then the body of the function's answer goes back to the client, or an
    /// empty message if the answer has no body. Ignored on `$connect` and `$disconnect`.
    pub answers: bool,
}

/// An HTTP API with one route, `ANY {prefix}/{proxy+}`, payload format 2.0.
#[derive(Clone, Debug)]
pub struct HttpApi {
    /// Path prefix such as `/v1`, without a slash at its end; the prefix alone is served too.
    pub prefix: String,
    pub function: String,
    /// Largest body. Unit: bytes, inclusive.
    pub body_bytes_max: usize,
    /// Cross-origin rules. Without them browsers let only pages of the same origin read answers.
    pub cors: Option<Cors>,
}

/// Cross-origin rules of an HTTP API, as `CorsConfiguration` of `AWS::ApiGatewayV2::Api` gives them.
///
/// The gateway then answers every `OPTIONS` itself, as API Gateway does for one that no route takes.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Origins whose pages may call the API, such as `https://app.example`; an empty list stands for every origin.
    pub allow_origins: Vec<HeaderValue>,
    pub allow_methods: Vec<Method>,
    pub allow_headers: Vec<HeaderName>,
    pub expose_headers: Vec<HeaderName>,
    /// Time for which a browser may reuse these rules.
    pub max_age: Duration,
}

impl Cors {
    pub(crate) fn layer(&self) -> CorsLayer {
        let origins = match self.allow_origins.as_slice() {
            [] => AllowOrigin::any(),
            origins => AllowOrigin::list(origins.to_vec()),
        };
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods(self.allow_methods.clone())
            .allow_headers(self.allow_headers.clone())
            .expose_headers(self.expose_headers.clone())
            .max_age(self.max_age)
    }
}

/// Limits of a gateway.
///
/// Source of the defaults, unless another is given: "Quotas for configuring and running a WebSocket API in API
/// Gateway".
#[derive(Clone, Debug)]
pub struct Limits {
    /// Payload of one frame from a client. Unit: bytes, inclusive.
    pub frame_bytes_max: usize,
    /// Payload of one message, either way. Unit: bytes, inclusive.
    pub message_bytes_max: usize,
    /// Longest time without a frame in either direction.
    pub idle: Duration,
    /// Longest time that a socket stays open.
    pub lifetime: Duration,
    /// Longest time that the gateway waits for a function. The function itself goes on: neither a timeout nor a client
    /// that leaves stops a Lambda.
    pub integration_timeout: Duration,
    /// Largest answer of a function. A function with a larger answer has failed, whatever it has done. Unit: bytes,
    /// inclusive.
    ///
    /// Source: Lambda's error "Response payload size exceeded maximum allowed payload size (6291556 bytes)".
    pub function_answer_bytes_max: usize,
    /// Longest handshake URL, path and query; the answer to a longer one is 400. Unit: bytes, inclusive.
    pub url_bytes_max: usize,
    /// The same for any other request. Source: quotas of HTTP APIs, "Total combined size of request line and header
    /// values"; the headers are not counted here.
    pub http_url_bytes_max: usize,
    /// Messages that wait for a slow client before a post is refused. AWS publishes no figure.
    pub outbound_queue_max: usize,
    /// Bytes that wait for a slow client before a post is refused. AWS publishes no figure.
    pub outbound_queue_bytes_max: usize,
    /// Messages of one connection whose functions run side by side; the next message is not read until one of them
    /// ends. AWS has an account-wide throttle in its place.
    pub in_flight_per_connection_max: usize,
    /// Most open connections, WebSockets included; the answer to a further one is 503. AWS has quotas of new
    /// connections and of requests per second in its place.
    pub connections_max: usize,
    /// Bytes of all request bodies under way together, beyond the first 16 KB of each. The answer to a request without
    /// room is
    /// 503. AWS publishes no figure.
    pub body_bytes_in_flight_max: usize,
    /// Longest wait for the next part of a body; the answer is then 408.
    pub body_idle: Duration,
    /// Longest time for a client to send the headers of a request, and for an idle HTTP connection to stay open.
    pub header_read_timeout: Duration,
    /// Longest time for the rest of a closing handshake.
    pub close_timeout: Duration,
    /// At shutdown: longest time for work in flight, and again for `$disconnect`.
    pub shutdown_grace: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            stage: "local".to_owned(),
            api_id: "local".to_owned(),
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            websocket: None,
            http: None,
            limits: Limits::default(),
        }
    }
}

impl GatewayConfig {
    /// Returns the fault of the paths, if there is one.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let is_plain = |path: &str| {
            path.len() > 1
                && path.starts_with('/')
                && !path.ends_with('/')
                && !path.contains(['{', '}', ':', '*'])
        };
        let websocket = self.websocket.as_ref().map(|api| api.path.as_str());
        let http = self.http.as_ref().map(|api| api.prefix.as_str());
        if !websocket.is_none_or(is_plain) {
            return Err("the path of the WebSocket API must look like /ws");
        }
        if !http.is_none_or(is_plain) {
            return Err("the prefix of the HTTP API must look like /v1");
        }
        if websocket.is_some() && websocket == http {
            return Err("the WebSocket API and the HTTP API cannot have the same path");
        }
        Ok(())
    }

    /// `requestContext.domainName`.
    pub(crate) fn domain_name(&self) -> String {
        format!("{}.execute-api.{}.amazonaws.com", self.api_id, self.region)
    }

    /// ARN that an authorizer is asked to allow.
    pub(crate) fn connect_arn(&self) -> String {
        let Self { region, account_id, api_id, stage, .. } = self;
        format!("arn:aws:execute-api:{region}:{account_id}:{api_id}/{stage}/$connect")
    }
}

impl WebSocketApi {
    /// A WebSocket API without an authorizer that selects routes by `action`.
    pub fn new(path: impl Into<String>, routes: Vec<Route>) -> Self {
        Self { path: path.into(), authorizer: None, routes, selection: "action".to_owned() }
    }

    /// Sets the function that decides on every handshake.
    #[must_use]
    pub fn authorized_by(mut self, function: impl Into<String>) -> Self {
        self.authorizer = Some(function.into());
        self
    }
}

impl Route {
    /// A route without a route response.
    pub fn new(key: impl Into<String>, function: impl Into<String>) -> Self {
        Self { key: key.into(), function: function.into(), answers: false }
    }

    /// Gives the route a route response.
    #[must_use]
    pub fn answering(mut self) -> Self {
        self.answers = true;
        self
    }
}

impl HttpApi {
    /// An HTTP API with AWS's limit of 10 MB for a body.
    pub fn new(prefix: impl Into<String>, function: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            function: function.into(),
            body_bytes_max: 10 * 1024 * 1024,
            cors: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: 32 * 1024,
            message_bytes_max: 128 * 1024,
            idle: Duration::from_secs(10 * 60),
            lifetime: Duration::from_secs(2 * 60 * 60),
            integration_timeout: Duration::from_secs(29),
            function_answer_bytes_max: 6_291_556,
            url_bytes_max: 4096,
            http_url_bytes_max: 10_240,
            outbound_queue_max: 1024,
            outbound_queue_bytes_max: 4 * 1024 * 1024,
            in_flight_per_connection_max: 64,
            connections_max: 10_000,
            body_bytes_in_flight_max: 32 * 1024 * 1024,
            body_idle: Duration::from_secs(5),
            header_read_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(2),
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, prefix: &str, is_right: bool) {
        let config = GatewayConfig {
            websocket: Some(WebSocketApi::new(path, vec![])),
            http: Some(HttpApi::new(prefix, "api")),
            ..GatewayConfig::default()
        };
        assert_eq!(config.check().is_ok(), is_right);
    }

    #[test]
    fn paths_that_cannot_be_served_are_refused() {
        check("/ws", "/v1", true);
        check("/v1/ws", "/v1", true);
        check("ws", "/v1", false);
        check("/ws", "/v1/", false);
        check("/ws", "", false);
        check("/{ws}", "/v1", false);
        check("/v1", "/v1", false);
    }
}
