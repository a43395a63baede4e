//! Heartbeats of one user while a device of another opens hundreds of sockets.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures_util::future::{join_all, try_join};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::{Client, is_type};
use crate::latency::percentiles;
use crate::runner::Confab;

const HEARTBEAT: &str = r#"{"action":"heartbeat","id":"b"}"#;

/// Pause between heartbeats of the bystander, within the sustained rate of a user.
const PACE: Duration = Duration::from_millis(25);

/// Largest number of open sockets of one device.
const SOCKETS_MAX: usize = 5;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) async fn measure(confab: &Confab, handshakes: usize) -> anyhow::Result<String> {
    let flooding = Client::new(&confab.authority, "handshakes_flooding").await?;
    let mut bystander = Client::new(&confab.authority, "handshakes_bystander").await?;
    let (is_over, begin) = (Cell::new(false), Instant::now());
    let flood = async {
        let opened = join_all((0..handshakes).map(|_| open(confab, flooding.token()))).await;
        is_over.set(true);
        opened.into_iter().collect::<anyhow::Result<Vec<_>>>()
    };
    let (sockets, mut beats) = try_join(flood, beats(&mut bystander, &is_over)).await?;
    let took_ms = begin.elapsed().as_millis();
    let stay =
        join_all(sockets.into_iter().flatten().map(goes_on)).await.into_iter().filter(|open| *open).count();
    if !(1..=SOCKETS_MAX).contains(&stay) {
        bail!("{stay} of {handshakes} sockets stay open");
    }
    Ok(format!(
        "heartbeat→answer {} ({} heartbeats of a bystander in the {took_ms} ms until {handshakes} handshakes were answered)",
        percentiles(&mut beats),
        beats.len()
    ))
}

/// A handshake; `None` if it is refused for too many in progress.
async fn open(confab: &Confab, token: &str) -> anyhow::Result<Option<Socket>> {
    let mut request = format!("ws://{}/ws", confab.authority).into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    match connect_async(request).await {
        Ok((socket, _)) => Ok(Some(socket)),
        Err(Error::Http(refused)) if refused.status().as_u16() == 429 => Ok(None),
        Err(error) => Err(error).context("a handshake failed"),
    }
}

/// The answer time of each heartbeat. Unit: milliseconds.
async fn beats(client: &mut Client, is_over: &Cell<bool>) -> anyhow::Result<Vec<f64>> {
    let (mut beats, mut pace) = (Vec::new(), tokio::time::interval(PACE));
    while !is_over.get() {
        pace.tick().await;
        let begin = Instant::now();
        client.send(HEARTBEAT.to_owned()).await?;
        while !is_type(&client.next().await?, "heartbeat") {}
        beats.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(beats)
}

/// Whether an opened socket stays open.
async fn goes_on(mut socket: Socket) -> bool {
    if socket.send(Message::text(HEARTBEAT)).await.is_err() {
        return false;
    }
    while let Some(Ok(frame)) = socket.next().await {
        if is_type(&frame, "heartbeat") {
            return true;
        }
    }
    false
}
