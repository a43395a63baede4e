//! URL at which clients open WebSockets.

/// URL of the WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketUrl {
    /// A complete URL.
    Fixed(String),
    /// A path on the host by which the client reached the HTTP API, without TLS: the local runner does not know its own
    /// name.
    SameHost(String),
}

impl WebSocketUrl {
    /// URL for a client that called `host`.
    pub(crate) fn at(&self, host: Option<&str>) -> String {
        match self {
            Self::Fixed(url) => url.clone(),
            Self::SameHost(path) => format!("ws://{}{path}", host.unwrap_or("localhost")),
        }
    }
}
