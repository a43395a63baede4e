//! Time until a message to a group has reached the last of its members.

use std::time::Instant;

use futures_util::future::try_join_all;

use crate::client::{Client, crowd, is_type, next_message, send_frame};
use crate::latency::percentiles;
use crate::runner::Confab;

/// Members of the group, the sender included.
const MEMBERS: usize = 100;

/// Messages before the measurement starts.
const WARM_UP: usize = 20;

pub(crate) async fn measure(confab: &Confab, messages: usize) -> anyhow::Result<String> {
    let mut members = crowd(&confab.authority, "crowd", MEMBERS).await?;
    let mut sender = members.remove(0);
    let others: Vec<&Client> = members.iter().collect();
    let group = sender.create_group(&others).await?;
    for member in &mut members {
        next_message(member).await?;
    }
    let (mut acked, mut last) = (Vec::new(), Vec::new());
    for id in 0..WARM_UP + messages {
        let begin = Instant::now();
        sender.send(send_frame(id, &group)).await?;
        let ack = async {
            while !is_type(&sender.next().await?, "ack") {}
            anyhow::Ok(begin.elapsed().as_secs_f64() * 1000.0)
        };
        let all = async {
            try_join_all(members.iter_mut().map(next_message)).await?;
            anyhow::Ok(begin.elapsed().as_secs_f64() * 1000.0)
        };
        let (acked_ms, last_ms) = futures_util::future::try_join(ack, all).await?;
        if id >= WARM_UP {
            acked.push(acked_ms);
            last.push(last_ms);
        }
    }
    Ok(format!(
        "send→ack {}, send→last of {} others {} ({messages} messages one after another)",
        percentiles(&mut acked),
        MEMBERS - 1,
        percentiles(&mut last)
    ))
}
