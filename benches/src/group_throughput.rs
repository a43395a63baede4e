//! Messages to groups per second, announced to every member.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use serde_json::Value;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Client, crowd, is_type, next_message, send_frame};
use crate::runner::Confab;

/// Members of each group, the sender included.
const MEMBERS: usize = 20;

/// The number of groups, and each group's messages in flight.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) groups: usize,
    pub(crate) in_flight: usize,
    pub(crate) messages: usize,
}

pub(crate) async fn measure(confab: &Confab, load: Load) -> anyhow::Result<String> {
    let start = Arc::new(Barrier::new(load.groups * MEMBERS + 1));
    let mut tasks = JoinSet::new();
    for index in 0..load.groups {
        let mut members = crowd(&confab.authority, &format!("g{index}"), MEMBERS).await?;
        let mut sender = members.remove(0);
        let group = sender.create_group(&members.iter().collect::<Vec<_>>()).await?;
        for member in members.iter_mut().chain([&mut sender]) {
            next_message(member).await?;
        }
        tasks.spawn(send_all(sender, group, load, Arc::clone(&start)));
        for member in members {
            tasks.spawn(receive_all(member, load.messages, Arc::clone(&start)));
        }
    }
    start.wait().await;
    let begin = Instant::now();
    while let Some(finished) = tasks.join_next().await {
        finished.context("a client panicked")??;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let total = load.groups * load.messages;
    let rate = (total as f64 / seconds).round();
    let events = rate * (MEMBERS - 1) as f64;
    Ok(format!(
        "{rate} messages per second, each to {} others, that is {events} events per second, none lost \
         ({} groups, {} in flight each, {total} messages)",
        MEMBERS - 1,
        load.groups,
        load.in_flight
    ))
}

async fn send_all(mut sender: Client, to: String, load: Load, start: Arc<Barrier>) -> anyhow::Result<()> {
    start.wait().await;
    let (mut sent, mut acked) = (0, 0);
    while acked < load.messages {
        while sent < load.messages && sent - acked < load.in_flight {
            sender.send(send_frame(sent, &to)).await?;
            sent += 1;
        }
        let frame = sender.next().await?;
        anyhow::ensure!(is_type(&frame, "ack"), "no ack but {frame}");
        acked += 1;
    }
    Ok(())
}

/// Receives until every message has come, in any order.
async fn receive_all(mut member: Client, messages: usize, start: Arc<Barrier>) -> anyhow::Result<()> {
    start.wait().await;
    let mut seen = HashSet::new();
    while seen.len() < messages {
        let frame = next_message(&mut member).await?;
        let event: Value = serde_json::from_str(frame.to_text()?)?;
        seen.insert(event["seq"].as_u64());
    }
    Ok(())
}
