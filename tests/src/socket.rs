//! A WebSocket of a device.

use std::collections::VecDeque;
use std::fmt::Write;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::heart::{BEAT, Heart, Out};
use crate::{cloud, fresh_id, refusal, times};

/// Largest frame of a server. Unit: bytes, inclusive.
///
/// Source: API Gateway WebSocket quotas, "WebSocket frame size".
const FRAME_BYTES_MAX: usize = 32 * 1024;

/// An open socket, with the received frames that no test has read yet.
#[derive(Debug)]
pub struct Socket {
    stream: SplitStream<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    pub(crate) out: Out,
    heart: Option<Heart>,
    answers_probes: bool,
    pub(crate) waiting: VecDeque<Value>,
}

/// A message from a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A frame of the protocol.
    Frame(Value),
    /// The answer to a ping.
    Pong(Vec<u8>),
    /// The end, with the code of the close frame; 1006 if there was none.
    Closed(u16),
}

impl Socket {
    /// Opens a socket with the address from a ticket.
    pub async fn open(url: &str) -> Self {
        match Self::try_open(url, None).await {
            Ok(socket) => socket,
            Err(status) => panic!("the handshake was refused with {status}"),
        }
    }

    /// Opens a socket, with an `Authorization` header if there is one.
    ///
    /// # Errors
    ///
    /// Returns the status of a refused handshake.
    pub async fn try_open(url: &str, authorization: Option<&str>) -> Result<Self, u16> {
        let mut request = url.into_client_request().expect("an address");
        if let Some(authorization) = authorization {
            let value = HeaderValue::from_str(authorization).expect("a header");
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        match timeout_at(Instant::now() + times::patience(), connect_async(request)).await {
            Ok(Ok((stream, _))) => Ok(Self::of(stream)),
            Ok(Err(Error::Http(response))) => Err(response.status().as_u16()),
            Ok(Err(error)) => panic!("no handshake: {error}"),
            Err(_) => panic!("the handshake took too long"),
        }
    }

    fn of(stream: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        let (sink, stream) = stream.split();
        Self { stream, out: Out::new(sink), heart: None, answers_probes: true, waiting: VecDeque::new() }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text that may be no valid frame.
    pub async fn send_text(&mut self, text: &str) {
        self.out.send(Message::text(text)).await.expect("an open socket");
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.out.send(Message::binary(bytes.to_vec())).await.expect("an open socket");
    }

    /// Sends bytes as a text message, in one WebSocket frame for each part.
    ///
    /// The server may close before it has read everything.
    pub async fn send_parts(&mut self, parts: &[&[u8]]) {
        for (n, part) in parts.iter().enumerate() {
            let opcode = OpCode::Data(if n == 0 { Data::Text } else { Data::Continue });
            let frame = Frame::message(part.to_vec(), opcode, n + 1 == parts.len());
            if self.out.send(Message::Frame(frame)).await.is_err() {
                return;
            }
        }
    }

    /// Sends a WebSocket ping.
    pub async fn ping(&mut self, payload: &[u8]) {
        self.out.send(Message::Ping(payload.to_vec().into())).await.expect("an open socket");
    }

    /// Sends a frame, with a fresh `id` if it has none, and returns the answer with this `id`.
    pub async fn ask(&mut self, mut frame: Value) -> Value {
        if frame["id"].is_null() {
            frame["id"] = fresh_id().into();
        }
        let (what, id) = (format!("the answer to {frame}"), frame["id"].clone());
        let mut pauses = cloud::pauses();
        loop {
            self.send(&frame).await;
            let answer = self.take(&what, |answer| answer["id"] == id || is_lost(answer)).await;
            if !is_lost(&answer) {
                return answer;
            }
            let Some(pause) = pauses.next() else { panic!("{frame} was answered by {answer}") };
            eprintln!("once more: {frame} was answered by {answer}");
            tokio::time::sleep(pause).await;
        }
    }

    /// The answer with this `id`.
    pub async fn answer_to(&mut self, id: &str) -> Value {
        self.take(&format!("the answer to {id}"), |answer| answer["id"] == id).await
    }

    /// Sends a frame that must be refused with this code, and returns the error.
    pub async fn refused(&mut self, frame: Value, code: &str) -> Value {
        let what = frame.to_string();
        let error = self.ask(frame).await;
        assert_eq!(error["type"], "error", "{what} was answered by {error}");
        refusal::check_code(&error, code);
        error
    }

    /// The next error without an `id`, which must have this code.
    pub async fn next_error(&mut self, code: &str) -> Value {
        let what = "an error without id";
        let error = self.take(what, |frame| frame["type"] == "error" && frame["id"].is_null()).await;
        refusal::check_code(&error, code);
        error
    }

    /// Sends a text to a user or conversation, with retries as the server asks, and returns the `ack`.
    pub async fn say(&mut self, to: &str, text: &str) -> Value {
        self.deliver(json!({"action": "send", "id": fresh_id(), "to": to, "text": text})).await
    }

    /// Sends a `send` frame, with retries as the server asks, and returns the `ack`.
    pub async fn deliver(&mut self, frame: Value) -> Value {
        loop {
            let answer = self.ask(frame.clone()).await;
            if answer["code"] != "unavailable" {
                assert_eq!(answer["type"], "ack", "{frame} was answered by {answer}");
                return answer;
            }
        }
    }

    /// The `ack` with this `id`.
    pub async fn expect_ack(&mut self, id: &str) -> Value {
        let answer = self.answer_to(id).await;
        assert_eq!(answer["type"], "ack", "{answer}");
        answer
    }

    /// The next frame, whatever it is.
    pub async fn next_frame(&mut self) -> Value {
        self.take("a frame", |_| true).await
    }

    /// The next event.
    pub async fn next_event(&mut self) -> Value {
        self.take("an event", is_event).await
    }

    /// The next event of this type.
    pub async fn next(&mut self, kind: &str) -> Value {
        self.take(&format!("an event {kind}"), |frame| is_event(frame) && frame["type"] == kind).await
    }

    /// All frames of the answer to a `sync`.
    pub async fn sync_frames(&mut self, mut frame: Value) -> Vec<Value> {
        let id = fresh_id();
        (frame["action"], frame["id"]) = ("sync".into(), id.as_str().into());
        self.send(&frame).await;
        let mut frames: Vec<Value> = Vec::new();
        while frames.last().is_none_or(|last| last["complete"] == false) {
            if let Some(next) = frames.last().and_then(|last| last.get("next")) {
                frame["after"] = next.clone();
                self.send(&frame).await;
            }
            let frame = self.take("a sync frame", |answer| answer["id"] == id).await;
            assert_eq!(frame["type"], "sync", "{frame}");
            frames.push(frame);
        }
        assert_eq!(frames.last().map(|last| &last["complete"]), Some(&Value::Bool(true)));
        frames
    }

    /// The messages of a conversation that a device with these cursors lacks.
    pub async fn missed(&mut self, conversation: &str, cursors: Value) -> Vec<Value> {
        let frames = self.sync_frames(json!({"cursors": cursors})).await;
        synced(&frames, conversation)
    }

    /// Checks that the socket answers, and returns the answer to its heartbeat.
    pub async fn assert_alive(&mut self) -> Value {
        let answer = self.ask(json!({"action": "heartbeat"})).await;
        assert_eq!(answer["type"], "heartbeat", "{answer}");
        answer
    }

    /// Checks that no unexpected frame has come.
    ///
    /// Earlier events are in transit before a later heartbeat is answered.
    pub async fn assert_quiet(&mut self) {
        self.assert_alive().await;
        assert!(self.waiting.is_empty(), "unexpected: {:?}", self.waiting);
    }

    /// The received frames that no test has read.
    pub async fn unseen(&mut self) -> Vec<Value> {
        self.assert_alive().await;
        self.waiting.drain(..).collect()
    }

    /// The code with which the server closes; 1006 if there is no close frame.
    pub async fn next_close(&mut self) -> u16 {
        loop {
            match self.receive("the end of the socket").await {
                Received::Frame(frame) => self.waiting.push_back(frame),
                Received::Pong(_) => {}
                Received::Closed(code) => return code,
            }
        }
    }

    /// The payload of the next pong.
    pub async fn next_pong(&mut self) -> Vec<u8> {
        loop {
            match self.receive("a pong").await {
                Received::Frame(frame) => self.waiting.push_back(frame),
                Received::Pong(payload) => return payload,
                Received::Closed(code) => panic!("closed with {code} instead of a pong"),
            }
        }
    }

    /// Cuts the connection without a close frame.
    pub fn cut(self) {
        drop(self);
    }

    /// Closes the connection with a close frame.
    pub async fn close(self) {
        self.out.send(Message::Close(None)).await.expect("an open socket");
    }

    /// Sends heartbeats in the background from now on, until [`Self::fall_silent`] or the end of the socket.
    pub fn stay_awake(&mut self) {
        self.heart = Some(Heart::start(self.out.clone(), times::heartbeat()));
    }

    /// Sends one more heartbeat and then none in the background; returns the time of it.
    pub async fn fall_silent(&mut self) -> Instant {
        self.heart = None;
        let last = Instant::now();
        self.assert_alive().await;
        last
    }

    /// The next probe; from now on the test answers probes.
    pub async fn next_probe(&mut self) -> Value {
        self.answers_probes = false;
        self.take("a probe", is_probe).await
    }

    /// The first frame that fits, among those that have come and those to come.
    pub(crate) async fn take(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.take_while(what, || Instant::now() + times::patience(), fits).await
    }

    /// The first frame that fits and comes before `end`.
    pub(crate) async fn take_by(&mut self, end: Instant, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.take_while(what, || end, fits).await
    }

    /// The first frame that fits; `deadline` returns how long to wait for each frame.
    async fn take_while(
        &mut self,
        what: &str,
        deadline: impl Fn() -> Instant,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        if let Some(place) = self.waiting.iter().position(&fits) {
            return self.waiting.remove(place).expect("it is there");
        }
        loop {
            match self.receive_by(deadline()).await {
                Some(Received::Frame(frame)) if fits(&frame) => return frame,
                Some(Received::Frame(frame)) => self.waiting.push_back(frame),
                Some(Received::Pong(_)) => {}
                Some(Received::Closed(code)) => {
                    panic!("closed with {code}; expected {what}, received {}", self.shown())
                }
                None => panic!("waited for {what}; received {}", self.shown()),
            }
        }
    }

    /// The next message, of any kind.
    pub async fn receive(&mut self, what: &str) -> Received {
        match self.receive_by(Instant::now() + times::patience()).await {
            Some(received) => received,
            None => panic!("waited for {what}; received {}", self.shown()),
        }
    }

    /// The next message of any kind, if it comes before `end`.
    pub(crate) async fn receive_by(&mut self, end: Instant) -> Option<Received> {
        loop {
            match timeout_at(end, self.stream.next()).await.ok()? {
                // API Gateway sends an empty text if a function has nothing to answer.
                Some(Ok(Message::Text(text))) if text.is_empty() => {}
                Some(Ok(Message::Text(text))) => {
                    let frame = read(&text);
                    if self.answers_probes && is_probe(&frame) {
                        self.send(&json!({"action": "heartbeat", "id": BEAT})).await;
                    } else if frame["id"] != BEAT {
                        return Some(Received::Frame(frame));
                    }
                }
                Some(Ok(Message::Pong(payload))) => return Some(Received::Pong(payload.to_vec())),
                Some(Ok(Message::Close(frame))) => {
                    // The close frame is returned at the next use of the stream.
                    self.out.flush().await;
                    return Some(Received::Closed(frame.map_or(1005, |frame| frame.code.into())));
                }
                Some(Ok(Message::Binary(_))) => panic!("a binary message from the server"),
                Some(Ok(Message::Ping(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Some(Received::Closed(1006)),
            }
        }
    }

    fn shown(&self) -> String {
        let mut shown = String::new();
        for frame in &self.waiting {
            let text: String = frame.to_string().chars().take(300).collect();
            let _ = write!(shown, "\n  {text}");
        }
        if shown.is_empty() { "nothing".to_owned() } else { shown }
    }
}

/// The messages of a conversation in the frames of a `sync`.
pub fn synced(frames: &[Value], conversation: &str) -> Vec<Value> {
    let conversations = frames.iter().flat_map(|frame| frame["conversations"].as_array().unwrap());
    let named = conversations.filter(|part| part["conversation"] == conversation);
    named.flat_map(|part| part["messages"].as_array().unwrap()).cloned().collect()
}

/// Whether API Gateway itself reports that a function gave no answer.
fn is_lost(frame: &Value) -> bool {
    frame["type"].is_null() && frame["message"] == "Internal server error"
}

/// Parses a frame and checks what holds for every frame.
fn read(text: &str) -> Value {
    assert!(text.len() <= FRAME_BYTES_MAX, "a frame of {} bytes", text.len());
    let frame: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("no JSON: {text}"));
    assert!(frame["type"].is_string() || is_lost(&frame), "a frame without type: {text}");
    if frame["type"] == "error" {
        refusal::check(&frame);
    }
    frame
}

pub(crate) fn is_event(frame: &Value) -> bool {
    frame["id"].is_null() && frame["type"] != "error" && frame["type"] != "heartbeat"
}

/// Whether a frame is a heartbeat by which the server probes.
fn is_probe(frame: &Value) -> bool {
    frame["type"] == "heartbeat" && frame["id"].is_null() && frame["server_at_ms"].is_null()
}
