//! Thousands of users with heartbeats: checks that friends are notified of every change, in time and once.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use confab_app::ports::Tokens;
use confab_credentials::tokens_jwt::JwtTokens;
use confab_domain::UserId;
use confab_lambda::clock;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::presence_data::{identity, write};
use crate::presence_truth::{Diary, Notified, judge};
use crate::runner::Confab;

const HEARTBEAT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(30);

/// Time in which all users connect.
const RAMP: Duration = Duration::from_secs(40);

/// Time in which all users then send heartbeats.
const MEASURED: Duration = Duration::from_secs(60);

/// One user in so many is cut and stays offline; another one is cut and reconnects.
const CUT_ONCE_IN: u32 = 20;

/// How long a reconnecting user is disconnected: less than the timeout.
const AWAY: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Returns a sentence with the figures.
pub(crate) async fn measure(binary: &Path, data: &Path, users: u32) -> anyhow::Result<String> {
    // Creates the tables and the secret.
    Confab::start(binary, data).await?.stop().await?;
    write(data, users).await?;
    let secret = tokio::fs::read_to_string(data.join("signing-secret")).await?;
    let tokens = Arc::new(JwtTokens::new(secret.trim()).context("the secret")?);
    let flags = ["--heartbeat-seconds", "10", "--presence-timeout-seconds", "30"];
    let confab = Confab::start_with(binary, data, &flags).await?;

    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..users {
        let user = VirtualUser { n, users, tokens: Arc::clone(&tokens), authority: confab.authority.clone() };
        tasks.spawn(user.live(begin));
    }
    sleep_until((begin + RAMP).into()).await;
    let before = confab.cpu_seconds()?;
    sleep_until((begin + RAMP + MEASURED).into()).await;
    let cpu = (confab.cpu_seconds()? - before) / MEASURED.as_secs_f64();
    let rss_mb = confab.rss_mb()?;
    let mut diaries: Vec<Diary> = (0..users).map(|_| Diary::default()).collect();
    while let Some(ended) = tasks.join_next().await {
        let (n, diary) = ended??;
        diaries[n as usize] = diary;
    }
    confab.stop().await?;
    let figures = judge(&diaries, TIMEOUT)?;
    Ok(format!(
        "{users} users with a heartbeat every {} s for {} s: {figures}; {:.0} % of one core, {rss_mb} MB resident",
        HEARTBEAT.as_secs(),
        MEASURED.as_secs(),
        cpu * 100.0
    ))
}

struct VirtualUser {
    n: u32,
    users: u32,
    tokens: Arc<JwtTokens>,
    authority: String,
}

impl VirtualUser {
    async fn live(self, begin: Instant) -> anyhow::Result<(u32, Diary)> {
        let mut diary = Diary::default();
        let end = begin + RAMP + MEASURED;
        // Friends are neighbours in the ring; this order spreads them over the ramp, so that some connect before
        // others.
        let place = u64::from(self.n) * 7_919 % u64::from(self.users);
        sleep_until((begin + RAMP.mul_f64(place as f64 / f64::from(self.users))).into()).await;
        let mut socket = self.connect().await?;
        diary.changes.push((Instant::now(), true));
        let leaves_at = begin + RAMP + MEASURED / 6;
        match self.n % CUT_ONCE_IN {
            0 => {
                let last = self.beat(&mut socket, leaves_at, &mut diary).await?;
                drop(socket);
                diary.changes.push((last, false));
            }
            1 => {
                self.beat(&mut socket, leaves_at, &mut diary).await?;
                drop(socket);
                tokio::time::sleep(AWAY).await;
                let mut socket = self.connect().await?;
                self.beat(&mut socket, end, &mut diary).await?;
            }
            _ => {
                self.beat(&mut socket, end, &mut diary).await?;
            }
        }
        Ok((self.n, diary))
    }

    async fn connect(&self) -> anyhow::Result<Socket> {
        let (ticket, _) = self.tokens.issue_ticket(identity(self.n), clock::now());
        let (socket, _) = connect_async(format!("ws://{}/ws?ticket={ticket}", self.authority)).await?;
        Ok(socket)
    }

    /// Sends heartbeats at the server's interval and records events, until that time; returns the time of the last
    /// frame.
    async fn beat(&self, socket: &mut Socket, until: Instant, diary: &mut Diary) -> anyhow::Result<Instant> {
        let from = Instant::now();
        let mut last = from;
        let mut next = from + HEARTBEAT;
        while Instant::now() < until {
            let frame = match timeout_at(next.min(until).into(), socket.next()).await {
                Ok(Some(frame)) => frame?,
                Ok(None) => bail!("the socket of user {} was closed", self.n),
                Err(_) if Instant::now() >= until => break,
                Err(_) => {
                    (last, next) = (Instant::now(), Instant::now() + HEARTBEAT);
                    socket.send(Message::text(r#"{"action":"heartbeat","id":"b"}"#)).await?;
                    continue;
                }
            };
            let Message::Text(text) = frame else { continue };
            let frame: Value = serde_json::from_str(&text)?;
            match frame["type"].as_str() {
                Some("heartbeat") if frame.get("id").is_none() => {
                    last = Instant::now();
                    socket.send(Message::text(r#"{"action":"heartbeat","id":"b"}"#)).await?;
                }
                Some("heartbeat") => {
                    let seconds = frame["next_seconds"].as_u64().context("no next_seconds")?;
                    next = last + Duration::from_secs(seconds);
                }
                Some("presence") => self.take_down(&frame, diary)?,
                _ => bail!("user {} got {frame}", self.n),
            }
        }
        diary.listened.push((from, Instant::now()));
        Ok(last)
    }

    fn take_down(&self, frame: &Value, diary: &mut Diary) -> anyhow::Result<()> {
        for row in frame["users"].as_array().into_iter().flatten() {
            let user: UserId = row["user"].as_str().context("no user")?.parse()?;
            let friend = u32::try_from(user.ulid().0)? - 1;
            diary.notified.push(Notified { at: Instant::now(), friend, online: row["status"] == "online" });
        }
        Ok(())
    }
}
