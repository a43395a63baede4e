//! Benchmarks of the local runner, as a client sees it.
//!
//! Starts the given `confab` on a durable data directory and prints one line per figure, its name before a tab. `cargo
//! xtask bench` builds both in release and writes the figures into the docs.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod client;
mod data;
mod group_latency;
mod group_throughput;
mod handshakes;
mod latency;
mod memberships;
mod presence;
mod presence_data;
mod presence_truth;
mod push;
mod runner;
mod throughput;

use std::path::{Path, PathBuf};

use clap::Parser;

/// Number of starts, whose median is reported.
const STARTS: usize = 5;

/// Measures a `confab` binary.
#[derive(Debug, Parser)]
struct Options {
    /// The binary to measure.
    #[arg(long)]
    confab: PathBuf,
    /// Messages that are sent one after another.
    #[arg(long, default_value_t = 3_000)]
    messages: usize,
    /// Pairs of users that chat side by side.
    #[arg(long, default_value_t = 50)]
    pairs: usize,
    /// Messages that each pair has in flight.
    #[arg(long, default_value_t = 4)]
    in_flight: usize,
    /// Messages that each pair sends.
    #[arg(long, default_value_t = 400)]
    messages_per_pair: usize,
    /// Messages to a group of a hundred.
    #[arg(long, default_value_t = 500)]
    group_messages: usize,
    /// Groups of twenty that chat side by side.
    #[arg(long, default_value_t = 10)]
    groups: usize,
    /// Concurrent handshakes of one device.
    #[arg(long, default_value_t = 600)]
    handshakes: usize,
    /// Groups that one user is in.
    #[arg(long, default_value_t = 2_000)]
    memberships: u32,
    /// Users who are online with heartbeats.
    #[arg(long, default_value_t = 10_000)]
    online: u32,
    /// Messages to an absent user.
    #[arg(long, default_value_t = 200)]
    pushes: usize,
    /// Measure only pushes.
    #[arg(long)]
    push_only: bool,
    /// Measure only handshakes.
    #[arg(long)]
    handshakes_only: bool,
    /// Measure only the sync of a user in many groups.
    #[arg(long)]
    memberships_only: bool,
    /// Measure only presence.
    #[arg(long)]
    presence_only: bool,
    /// Messages that each group gets.
    #[arg(long, default_value_t = 200)]
    messages_per_group: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let data = std::env::temp_dir().join(format!("confab-bench-{}", std::process::id()));
    let figures = measure(&options, &data).await;
    let _ = std::fs::remove_dir_all(&data);
    for (name, figure) in figures? {
        println!("{name}\t{figure}");
    }
    Ok(())
}

/// A figure with its name.
type Figure = (&'static str, String);

async fn measure(options: &Options, data: &Path) -> anyhow::Result<Vec<Figure>> {
    if options.handshakes_only {
        return Ok(vec![handshakes(options, data).await?]);
    }
    if options.memberships_only {
        return Ok(vec![memberships(options, data).await?]);
    }
    if options.presence_only {
        return Ok(vec![presence(options, data).await?]);
    }
    if options.push_only {
        return Ok(vec![push(options, data).await?]);
    }
    let alone = [
        handshakes(options, data).await?,
        memberships(options, data).await?,
        push(options, data).await?,
        presence(options, data).await?,
    ];
    let mut figures = chat(options, &data.join("chat")).await?;
    figures.extend(alone);
    Ok(figures)
}

async fn handshakes(options: &Options, data: &Path) -> anyhow::Result<Figure> {
    let confab = runner::Confab::start(&options.confab, &data.join("handshakes")).await?;
    let figure = handshakes::measure(&confab, options.handshakes).await?;
    confab.stop().await?;
    Ok(("handshakes", figure))
}

async fn memberships(options: &Options, data: &Path) -> anyhow::Result<Figure> {
    let data = data.join("memberships");
    Ok(("memberships", memberships::measure(&options.confab, &data, options.memberships).await?))
}

async fn presence(options: &Options, data: &Path) -> anyhow::Result<Figure> {
    let data = data.join("online");
    Ok(("presence", presence::measure(&options.confab, &data, options.online).await?))
}

async fn push(options: &Options, data: &Path) -> anyhow::Result<Figure> {
    let data = data.join("push");
    Ok(("push", push::measure(&options.confab, &data, options.pushes).await?))
}

/// Figures of one data directory: messages, then starts with what they have left.
async fn chat(options: &Options, data: &Path) -> anyhow::Result<Vec<Figure>> {
    let first = runner::Confab::start(&options.confab, data).await?;
    let latency = latency::measure(&first, options.messages).await?;
    let throughput =
        throughput::measure(&first, options.pairs, options.in_flight, options.messages_per_pair).await?;
    let group_latency = group_latency::measure(&first, options.group_messages).await?;
    let load = group_throughput::Load {
        groups: options.groups,
        in_flight: options.in_flight,
        messages: options.messages_per_group,
    };
    let group_throughput = group_throughput::measure(&first, load).await?;
    let busy_rss_mb = first.rss_mb()?;
    first.stop().await?;

    let (mut starts, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let again = runner::Confab::start(&options.confab, data).await?;
        starts.push(again.started_in.as_secs_f64() * 1000.0);
        idle.push(again.rss_mb()?);
        again.stop().await?;
    }
    let start_ms = latency::percentile(&mut starts, 50.0);
    let idle_rss_mb = latency::percentile(&mut idle, 50.0);
    Ok(vec![
        ("latency", latency),
        ("throughput", throughput),
        ("group-latency", group_latency),
        ("group-throughput", group_throughput),
        (
            "startup",
            format!("{start_ms} ms to the ready line, with the data of the runs above (median of {STARTS})"),
        ),
        ("memory", format!("{idle_rss_mb} MB resident when idle, {busy_rss_mb} MB after the load above")),
    ])
}
