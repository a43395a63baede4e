//! Where clients open WebSockets.

/// The address of the WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketUrl {
    /// A whole address.
    Fixed(String),
    /// A path on whatever host the client has reached the HTTP API by, without TLS:
    /// the local runner does not know by which name it is called.
    SameHost(String),
}

impl WebSocketUrl {
    /// The address for a client that has called `host`.
    pub(crate) fn at(&self, host: Option<&str>) -> String {
        match self {
            Self::Fixed(url) => url.clone(),
            Self::SameHost(path) => format!("ws://{}{path}", host.unwrap_or("localhost")),
        }
    }
}
