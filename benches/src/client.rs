//! A client that speaks as little of the protocol as a benchmark needs.

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A user with one open socket.
pub(crate) struct Client {
    pub(crate) user: String,
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Signs a new user up and opens a socket.
    pub(crate) async fn new(authority: &str, handle: &str) -> anyhow::Result<Self> {
        let signup = json!({"handle": handle, "password": "correct horse"});
        let session = post(authority, "/v1/signup", Some(&signup), None).await?;
        let token = session["access_token"].as_str().context("no access token")?;
        let ticket = post(authority, "/v1/tickets", None, Some(token)).await?;
        let (socket, _) = connect_async(ticket["url"].as_str().context("no url")?).await?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_nodelay(true)?;
        }
        let user = session["user"].as_str().context("no user")?.to_owned();
        Ok(Self { user, socket })
    }

    pub(crate) async fn send(&mut self, frame: String) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(frame)).await?)
    }

    /// The next frame, as text.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Message> {
        self.socket.next().await.context("the socket was closed")?.context("the socket failed")
    }
}

/// A `send` frame.
pub(crate) fn send_frame(id: usize, to: &str) -> String {
    json!({"action": "send", "id": format!("m{id}"), "to": to, "text": "Shall we meet at eight? I'll bring the map."})
        .to_string()
}

/// The type of a frame, which is the first thing in it.
pub(crate) fn is_type(message: &Message, kind: &str) -> bool {
    let prefix = format!("{{\"type\":\"{kind}\"");
    matches!(message, Message::Text(text) if text.starts_with(&prefix))
}

async fn post(
    authority: &str,
    path: &str,
    body: Option<&Value>,
    token: Option<&str>,
) -> anyhow::Result<Value> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{authorization}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    if !head.starts_with("HTTP/1.1 2") {
        bail!("{path}: {answer}");
    }
    Ok(serde_json::from_str(body)?)
}
