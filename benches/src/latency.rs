//! Latency of 1:1 messages, sent one after another.

use std::time::Instant;

use crate::client::{Client, is_type, send_frame};
use crate::runner::Confab;

/// Messages of each pair before the measurement starts, to fill caches.
const WARM_UP: usize = 100;

/// Messages of each pair, fewer than the burst of a user.
const MESSAGES_PER_PAIR: usize = 800;

pub(crate) async fn measure(confab: &Confab, messages: usize) -> anyhow::Result<String> {
    let (mut acked, mut delivered) = (Vec::new(), Vec::new());
    for pair in 0..messages.div_ceil(MESSAGES_PER_PAIR) {
        let mut ada = Client::new(&confab.authority, &format!("latency_ada_{pair}")).await?;
        let mut bob = Client::new(&confab.authority, &format!("latency_bob_{pair}")).await?;
        let measured = MESSAGES_PER_PAIR.min(messages - acked.len());
        for id in 0..WARM_UP + measured {
            let (acked_ms, received_ms) = send_one(&mut ada, &mut bob, id).await?;
            if id >= WARM_UP {
                acked.push(acked_ms);
                delivered.push(received_ms);
            }
        }
    }
    Ok(format!(
        "send→ack {}, send→delivery {} ({messages} messages one after another)",
        percentiles(&mut acked),
        percentiles(&mut delivered)
    ))
}

/// Times until the sender has the ack and the other user has the message. Unit: milliseconds.
async fn send_one(ada: &mut Client, bob: &mut Client, id: usize) -> anyhow::Result<(f64, f64)> {
    let frame = send_frame(id, &bob.user);
    let begin = Instant::now();
    ada.send(frame).await?;
    let receive = async {
        while !is_type(&bob.next().await?, "message") {}
        anyhow::Ok(begin.elapsed().as_secs_f64() * 1000.0)
    };
    let ack = async {
        while !is_type(&ada.next().await?, "ack") {}
        anyhow::Ok(begin.elapsed().as_secs_f64() * 1000.0)
    };
    futures_util::future::try_join(ack, receive).await
}

pub(crate) fn percentiles(values: &mut [f64]) -> String {
    format!("p50 {} ms and p99 {} ms", percentile(values, 50.0), percentile(values, 99.0))
}

/// The value that this percentage of the values does not exceed, to the hundredth.
pub(crate) fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within the slice")]
    let index = ((values.len() as f64 - 1.0).max(0.0) * percent / 100.0).round() as usize;
    values.get(index).map_or(f64::NAN, |value| (value * 100.0).round() / 100.0)
}
