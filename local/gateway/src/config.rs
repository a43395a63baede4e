//! What to serve, and the limits: AWS's where AWS publishes one.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// One gateway: at most one WebSocket API and one HTTP API on one address.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Stage of the WebSocket API, as in `requestContext.stage` and in the path
    /// of `@connections`. The HTTP API has the stage `$default`, whose name is
    /// no part of its paths.
    pub stage: String,
    /// `requestContext.apiId`, and the first label of `domainName`.
    pub api_id: String,
    /// In ARNs and in `domainName`; nothing is looked up there.
    pub region: String,
    pub account_id: String,
    pub websocket: Option<WebSocketApi>,
    pub http: Option<HttpApi>,
    pub limits: Limits,
}

/// A WebSocket API.
#[derive(Clone, Debug)]
pub struct WebSocketApi {
    /// Path of the handshake, exactly.
    pub path: String,
    /// Function that authorizes `$connect` (type REQUEST, no identity sources,
    /// so that it is asked about every handshake).
    pub authorizer: Option<String>,
    pub routes: Vec<Route>,
    /// Field of a message that names its route: `action` stands for the
    /// selection expression `$request.body.action`.
    pub selection: String,
}

/// A route of a WebSocket API and the function behind it.
#[derive(Clone, Debug)]
pub struct Route {
    /// `$connect`, `$disconnect`, `$default`, or a value of the selection field.
    pub key: String,
    pub function: String,
    /// Whether the route has a route response, so that the body of the
    /// function's answer goes back to the caller, as an empty message where
    /// there is none. Ignored on `$connect` and
    /// `$disconnect`.
    pub answers: bool,
}

/// An HTTP API with one route, `ANY {prefix}/{proxy+}`, payload format 2.0.
#[derive(Clone, Debug)]
pub struct HttpApi {
    /// Such as `/v1`, without a slash at its end; the prefix alone is served too.
    pub prefix: String,
    pub function: String,
    /// Unit: bytes, inclusive.
    pub body_bytes_max: usize,
    /// Without it browsers let pages of the same origin only read answers.
    pub cors: Option<Cors>,
}

/// Which pages of other origins may call an HTTP API, as `CorsConfiguration` of `AWS::Serverless::HttpApi` says it.
///
/// The gateway answers every `OPTIONS` itself then, as API Gateway does where no route takes it.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Such as `https://app.example`; none stands for any.
    pub allow_origins: Vec<HeaderValue>,
    pub allow_methods: Vec<Method>,
    pub allow_headers: Vec<HeaderName>,
    pub expose_headers: Vec<HeaderName>,
    /// How long a browser may remember it.
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

/// Source of the defaults, if not said otherwise: "Quotas for configuring and
/// running a WebSocket API in API Gateway".
#[derive(Clone, Debug)]
pub struct Limits {
    /// Payload of one frame from a client. Unit: bytes, inclusive.
    pub frame_bytes_max: usize,
    /// Payload of one message, either way. Unit: bytes, inclusive.
    pub message_bytes_max: usize,
    /// Longest time without a frame, either way.
    pub idle: Duration,
    /// Longest time that a socket stays open.
    pub lifetime: Duration,
    /// Longest time that the gateway waits for a function. The function itself
    /// goes on: neither a timeout nor a client that leaves stops a Lambda.
    pub integration_timeout: Duration,
    /// Largest answer of a function: one that answers more has failed, whatever it has done.
    /// Source: Lambda's error "Response payload size exceeded maximum allowed payload size (6291556 bytes)".
    /// Unit: bytes, inclusive.
    pub function_answer_bytes_max: usize,
    /// Longest handshake URL, path and query; one that is longer is answered 400. Unit: bytes, inclusive.
    pub url_bytes_max: usize,
    /// The same of any other request. Source: quotas of HTTP APIs, "Total combined size of request line and header
    /// values", of which the headers are not counted here.
    pub http_url_bytes_max: usize,
    /// Messages that wait for a slow client before a post is refused.
    /// AWS publishes no figure.
    pub outbound_queue_max: usize,
    /// Bytes that wait for a slow client before a post is refused.
    /// AWS publishes no figure.
    pub outbound_queue_bytes_max: usize,
    /// Messages of one connection whose functions run at the same time; the
    /// next one is not read until one ends. AWS has an account-wide throttle
    /// in its place.
    pub in_flight_per_connection_max: usize,
    /// Connections at once, sockets included; a further one is answered 503.
    /// AWS has quotas of new connections and of requests per second in its place.
    pub connections_max: usize,
    /// Bytes of all request bodies that are read or waited for at once, beyond the first 16 KB of each; what does not
    /// fit is answered 503. AWS publishes no figure.
    pub body_bytes_in_flight_max: usize,
    /// Longest time for the next part of a body to come; then the request is answered 408.
    pub body_idle: Duration,
    /// Longest time for a client to send the headers of a request, and for an
    /// idle HTTP connection to stay open.
    pub header_read_timeout: Duration,
    /// Longest time for the rest of a closing handshake.
    pub close_timeout: Duration,
    /// On shutdown: longest time for work in flight, and again for `$disconnect`.
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
    /// Says what is wrong with the paths, if anything.
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
            return Err("the path of the WebSocket API has to look like /ws");
        }
        if !http.is_none_or(is_plain) {
            return Err("the prefix of the HTTP API has to look like /v1");
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

    /// What an authorizer is asked to allow.
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

    /// Has `function` decide on every handshake.
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
