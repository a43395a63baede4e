//! Heartbeats in the background of a test.

use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// The `id` of the heartbeats that a socket sends in the background; no test sees their answers.
pub(crate) const BEAT: &str = "beat-of-the-harness";

type Sink = SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>;

/// The sending half of a socket.
#[derive(Clone, Debug)]
pub(crate) struct Out(Arc<Mutex<Sink>>);

impl Out {
    pub(crate) fn new(sink: Sink) -> Self {
        Self(Arc::new(Mutex::new(sink)))
    }

    pub(crate) async fn send(&self, message: Message) -> Result<(), Error> {
        self.0.lock().await.send(message).await
    }

    /// Sends what is buffered, if the other side takes it.
    pub(crate) async fn flush(&self) {
        let _ = self.0.lock().await.flush().await;
    }
}

/// Sends heartbeats until it is dropped or the socket is closed.
#[derive(Debug)]
pub(crate) struct Heart(JoinHandle<()>);

impl Heart {
    pub(crate) fn start(out: Out, interval: Duration) -> Self {
        let beat = json!({"action": "heartbeat", "id": BEAT}).to_string();
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            loop {
                ticks.tick().await;
                if out.send(Message::text(beat.as_str())).await.is_err() {
                    return;
                }
            }
        }))
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.0.abort();
    }
}
