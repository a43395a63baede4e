//! A client with the part of the protocol that the benchmarks need.

use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Pause after a signup that was refused for too many of them.
const SIGNUP_PAUSE: Duration = Duration::from_millis(100);

/// A user with one open socket.
pub(crate) struct Client {
    pub(crate) user: String,
    authority: String,
    token: String,
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Signs a new user up and opens a socket.
    pub(crate) async fn new(authority: &str, handle: &str) -> anyhow::Result<Self> {
        let signup = json!({"handle": handle, "password": "correct horse"});
        let session = post(authority, "/v1/signup", Some(&signup), None).await?;
        let token = session["access_token"].as_str().context("no access token")?;
        let user = session["user"].as_str().context("no user")?;
        Self::of(authority, user, token).await
    }

    /// The same user, at a runner that was started again.
    pub(crate) async fn reconnected(&self, authority: &str) -> anyhow::Result<Self> {
        Self::of(authority, &self.user, &self.token).await
    }

    async fn of(authority: &str, user: &str, token: &str) -> anyhow::Result<Self> {
        let ticket = post(authority, "/v1/tickets", None, Some(token)).await?;
        let (socket, _) = connect_async(ticket["url"].as_str().context("no url")?).await?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_nodelay(true)?;
        }
        Ok(Self { user: user.to_owned(), authority: authority.to_owned(), token: token.to_owned(), socket })
    }

    /// The user's access token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Creates a group of this user and others; returns its id.
    pub(crate) async fn create_group(&self, others: &[&Self]) -> anyhow::Result<String> {
        let members: Vec<&str> = others.iter().map(|other| other.user.as_str()).collect();
        let group = json!({"name": "A group", "members": members});
        let group = post(&self.authority, "/v1/groups", Some(&group), Some(&self.token)).await?;
        Ok(group["group"].as_str().context("no group")?.to_owned())
    }

    pub(crate) async fn send(&mut self, frame: String) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(frame)).await?)
    }

    /// The next frame, as text.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Message> {
        self.socket.next().await.context("the socket was closed")?.context("the socket failed")
    }
}

/// Many users. Few sign up side by side, since hashing takes all cores.
pub(crate) async fn crowd(authority: &str, name: &str, count: usize) -> anyhow::Result<Vec<Client>> {
    const CONCURRENT: usize = 4;
    let handles: Vec<String> = (0..count).map(|index| format!("{name}_{index}")).collect();
    futures_util::stream::iter(&handles)
        .map(|handle| Client::new(authority, handle))
        .buffered(CONCURRENT)
        .try_collect()
        .await
}

/// The next `message` event; other frames are skipped.
pub(crate) async fn next_message(client: &mut Client) -> anyhow::Result<Message> {
    loop {
        let frame = client.next().await?;
        if is_type(&frame, "message") {
            return Ok(frame);
        }
    }
}

/// A `send` frame.
pub(crate) fn send_frame(id: usize, to: &str) -> String {
    json!({"action": "send", "id": format!("m{id}"), "to": to, "text": "Shall we meet at eight? I'll bring the map."})
        .to_string()
}

/// Whether a frame has this type, which is its first field.
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
    request(authority, "POST", path, body, token).await
}

/// An HTTP request; returns the body of the answer, which may be empty.
pub(crate) async fn request(
    authority: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
    token: Option<&str>,
) -> anyhow::Result<Value> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{authorization}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    loop {
        let mut stream = TcpStream::connect(authority).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        if head.starts_with("HTTP/1.1 429") {
            // Signups of one address are limited; the benchmark does not measure them.
            tokio::time::sleep(SIGNUP_PAUSE).await;
        } else if head.starts_with("HTTP/1.1 2") {
            return Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(body)? });
        } else {
            bail!("{path}: {answer}");
        }
    }
}
