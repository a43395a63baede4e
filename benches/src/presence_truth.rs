//! Expected and received notifications of each user's friends.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::latency::percentile;
use crate::presence_data::FRIENDS_EACH_WAY;

/// Longest time from a change to the notification of a friend.
const ONLINE_WITHIN: Duration = Duration::from_secs(1);

/// The changes of one user and the notifications they received.
#[derive(Debug, Default)]
pub(crate) struct Diary {
    /// Spans of time in which the socket was open and read.
    pub(crate) listened: Vec<(Instant, Instant)>,
    /// Each change that friends must be notified of: its time, and whether it is to online.
    pub(crate) changes: Vec<(Instant, bool)>,
    /// Received notifications about friends.
    pub(crate) notified: Vec<Notified>,
}

/// One received notification.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notified {
    pub(crate) at: Instant,
    /// The friend whose presence changed.
    pub(crate) friend: u32,
    pub(crate) online: bool,
}

/// Compares changes and notifications; returns a sentence with the figures.
///
/// # Errors
///
/// Returns the first change without a notification in time, or the first notification that is late, repeated or false.
pub(crate) fn judge(diaries: &[Diary], timeout: Duration) -> anyhow::Result<String> {
    let count = u32::try_from(diaries.len())?;
    let (mut online_ms, mut offline_s) = (Vec::new(), Vec::new());
    for (listener, diary) in (0..count).zip(diaries) {
        let mut notified: BTreeMap<(u32, bool), Vec<Instant>> = BTreeMap::new();
        for event in &diary.notified {
            notified.entry((event.friend, event.online)).or_default().push(event.at);
        }
        for friend in friends(listener, count) {
            for (since, online) in &diaries[friend as usize].changes {
                let bound = if *online { ONLINE_WITHIN } else { timeout + Duration::from_secs(5) };
                // The server knows of a connection a moment before the client does.
                let earliest = if *online {
                    *since - ONLINE_WITHIN
                } else {
                    *since + timeout - Duration::from_millis(500)
                };
                let found = notified.get_mut(&(friend, *online)).and_then(|times| {
                    let index = times.iter().position(|at| (earliest..=*since + bound).contains(at))?;
                    Some(times.swap_remove(index))
                });
                let listened = diary.listened.iter().any(|(from, to)| *from < *since && *to > *since + bound);
                match found {
                    Some(at) if *online => online_ms.push((at - *since).as_secs_f64() * 1000.0),
                    Some(at) => offline_s.push((at - *since).as_secs_f64()),
                    None if listened => {
                        bail!("user {listener} was not notified in time that {friend} is online: {online}")
                    }
                    None => {}
                }
            }
        }
        if let Some(((friend, online), _)) = notified.into_iter().find(|(_, times)| !times.is_empty()) {
            bail!("user {listener} was notified twice, or out of time, that {friend} is online: {online}");
        }
    }
    let (online, offline) = (online_ms.len(), offline_s.len());
    Ok(format!(
        "{online} notifications of online, p50 {} ms and p99 {} ms after the socket was open; {offline} of offline, p50 {} s and p99 {} s after the last frame; none late, none false, none twice",
        percentile(&mut online_ms, 50.0),
        percentile(&mut online_ms, 99.0),
        percentile(&mut offline_s, 50.0),
        percentile(&mut offline_s, 99.0),
    ))
}

fn friends(n: u32, count: u32) -> impl Iterator<Item = u32> {
    (1..=FRIENDS_EACH_WAY).flat_map(move |step| [(n + step) % count, (n + count - step) % count])
}
