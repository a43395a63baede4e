//! When what did not work is tried again, and when it is given up.

use std::time::Duration;

/// Pauses before the repetitions of a post that a connection did not take.
///
/// Together less than 10 seconds, after which an event is too old to be worth a repetition. A client that has read
/// nothing for so long has a full buffer, and gets everything by a new connection and a `sync` instead.
const POST_PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Longest pause of a record: what a queue hides one for by itself.
const RECORD_PAUSE_MAX: Duration = Duration::from_secs(90);

/// How often a post is tried in all that fails for the gateway's sake: for more than five minutes.
const FAILED_POSTS_MAX: u32 = 12;

/// How long the next try waits of a post that a connection did not take so often, at least once; `None` where the
/// connection is given up.
pub fn pause_before_post(tries: u32) -> Option<Duration> {
    let index = usize::try_from(tries).ok()?.checked_sub(1)?;
    POST_PAUSES.get(index).copied()
}

/// How long the next try waits of a post that failed so often for the gateway's sake, at least once; `None` where the
/// event is given up, and the connection with nothing but that: it finds the hole, or syncs.
pub fn pause_after_failed_post(failures: u32) -> Option<Duration> {
    (1..FAILED_POSTS_MAX).contains(&failures).then(|| pause_of_record(failures))
}

/// How long a record waits that has failed as a whole, by how often it was received, this time included.
///
/// Soon at first, since most failures of a store are over within moments; later rarely, so that an outage of minutes uses
/// up no more than the tries that a queue allows.
pub fn pause_of_record(receives: u32) -> Duration {
    let doubled = receives.saturating_sub(1).min(u32::BITS - 1);
    Duration::from_secs(1 << doubled).min(RECORD_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_repeated_soon_then_later_and_given_up_within_ten_seconds() {
        let pauses: Vec<Option<u64>> =
            (1..=4).map(|tries| pause_before_post(tries).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(1), Some(2), Some(4), None]);
        assert!(POST_PAUSES.iter().sum::<Duration>() < Duration::from_secs(10));
        assert_eq!((pause_before_post(0), pause_before_post(u32::MAX)), (None, None));
    }

    #[test]
    fn a_record_is_tried_again_soon_at_first_and_rarely_after_minutes() {
        let pauses = [1, 2, 3, 7, 8, 9, u32::MAX].map(|receives| pause_of_record(receives).as_secs());
        assert_eq!(pauses, [1, 2, 4, 64, 90, 90, 90]);
        assert_eq!(pause_of_record(0).as_secs(), 1);
    }

    #[test]
    fn a_post_that_fails_for_the_gateways_sake_is_repeated_ever_later_for_minutes() {
        let pauses: Vec<_> = (1..).map_while(pause_after_failed_post).collect();
        assert_eq!(pauses[..3], [1, 2, 4].map(Duration::from_secs));
        assert!(pauses.iter().sum::<Duration>() > Duration::from_secs(300), "{pauses:?}");
        assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(900), "{pauses:?}");
        assert_eq!((pause_after_failed_post(0), pause_after_failed_post(u32::MAX)), (None, None));
    }

    #[test]
    fn twelve_receives_outlast_an_outage_of_five_minutes() {
        let all: Duration = (1..12).map(pause_of_record).sum();
        assert!(all > Duration::from_secs(300), "{all:?}");
    }
}
