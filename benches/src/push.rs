//! Time from a message to the push to a phone of an absent user.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::client::{Client, is_type, request, send_frame};
use crate::latency::{percentile, percentiles};
use crate::runner::Confab;

/// Pause between two messages.
const PAUSE: Duration = Duration::from_millis(50);

/// Longest time until all pushes are made.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn measure(binary: &Path, data: &Path, messages: usize) -> anyhow::Result<String> {
    let confab = Confab::start(binary, data).await?;
    let mut ada = Client::new(&confab.authority, "push_ada").await?;
    let mut bob = Client::new(&confab.authority, "push_bob").await?;
    let phone = json!({"platform": "fcm", "token": "a-phone-of-the-benchmark"});
    request(&confab.authority, "PUT", "/v1/devices/self/push", Some(&phone), Some(bob.token())).await?;
    bob.socket.close(None).await?;
    // The first message is not measured: the gateway may still have to notice the disconnect.
    let mut sent_at_ms = BTreeMap::new();
    for id in 0..=messages {
        let begin_ms = now_ms()?;
        ada.send(send_frame(id, &bob.user)).await?;
        while !is_type(&ada.next().await?, "ack") {}
        sent_at_ms.insert(id as u64 + 1, begin_ms);
        tokio::time::sleep(PAUSE).await;
    }
    let pushed_at_ms = pushes(&confab, messages).await?;
    confab.stop().await?;
    let mut late: Vec<f64> = pushed_at_ms
        .iter()
        .filter(|(seq, _)| **seq > 1)
        .filter_map(|(seq, pushed)| Some(pushed - sent_at_ms.get(seq)?))
        .collect();
    let longest = percentile(&mut late, 100.0);
    Ok(format!(
        "send→push {}, at most {longest} ms ({} messages, {} ms apart)",
        percentiles(&mut late),
        late.len(),
        PAUSE.as_millis()
    ))
}

/// The time of each message's push, by position.
async fn pushes(confab: &Confab, messages: usize) -> anyhow::Result<BTreeMap<u64, f64>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let list = request(&confab.authority, "GET", "/dev/pushes", None, None).await?;
        let list = list["pushes"].as_array().context("no list")?;
        let pushed = list.iter().filter_map(|push| {
            let seq = push["payload"]["message"]["data"]["seq"].as_str()?.parse().ok()?;
            Some((seq, push["sent_at_ms"].as_f64()?))
        });
        let pushed: BTreeMap<u64, f64> = pushed.collect();
        if pushed.keys().filter(|seq| **seq > 1).count() == messages {
            return Ok(pushed);
        }
        if Instant::now() > deadline {
            bail!(
                "only {} of {messages} messages were pushed: {:?}",
                pushed.len(),
                list.last().map(Value::to_string)
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The time by the clock that the runner's SNS uses too. Unit: milliseconds since the Unix epoch.
fn now_ms() -> anyhow::Result<f64> {
    #[expect(clippy::disallowed_methods, reason = "the measured times are times of day")]
    let now = SystemTime::now();
    Ok(now.duration_since(UNIX_EPOCH)?.as_secs_f64() * 1000.0)
}
