//! Delivered 1:1 messages per second, of many pairs side by side.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Client, is_type, send_frame};
use crate::runner::Confab;

pub(crate) async fn measure(
    confab: &Confab,
    pairs: usize,
    in_flight: usize,
    messages: usize,
) -> anyhow::Result<String> {
    let start = Arc::new(Barrier::new(2 * pairs + 1));
    let mut tasks = JoinSet::new();
    for pair in 0..pairs {
        let ada = Client::new(&confab.authority, &format!("ada_{pair}")).await?;
        let bob = Client::new(&confab.authority, &format!("bob_{pair}")).await?;
        tasks.spawn(send_all(ada, bob.user.clone(), in_flight, messages, Arc::clone(&start)));
        tasks.spawn(receive_all(bob, messages, Arc::clone(&start)));
    }
    start.wait().await;
    let begin = Instant::now();
    while let Some(finished) = tasks.join_next().await {
        finished.context("a client panicked")??;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let rate = ((pairs * messages) as f64 / seconds).round();
    Ok(format!(
        "{rate} messages delivered per second ({pairs} pairs, {in_flight} in flight each, {} messages)",
        pairs * messages
    ))
}

async fn send_all(
    mut ada: Client,
    to: String,
    in_flight: usize,
    messages: usize,
    start: Arc<Barrier>,
) -> anyhow::Result<()> {
    start.wait().await;
    let (mut sent, mut acked) = (0, 0);
    while acked < messages {
        while sent < messages && sent - acked < in_flight {
            ada.send(send_frame(sent, &to)).await?;
            sent += 1;
        }
        let frame = ada.next().await?;
        anyhow::ensure!(is_type(&frame, "ack"), "no ack but {frame}");
        acked += 1;
    }
    Ok(())
}

async fn receive_all(mut bob: Client, messages: usize, start: Arc<Barrier>) -> anyhow::Result<()> {
    start.wait().await;
    for _ in 0..messages {
        let frame = bob.next().await?;
        anyhow::ensure!(is_type(&frame, "message"), "no message but {frame}");
    }
    Ok(())
}
