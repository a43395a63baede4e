//! Retries: the pauses before them, and when work is given up.

use std::time::Duration;

/// Pauses before the retries of a post that a connection did not accept.
///
/// Together less than 10 seconds; after that an event is too old to be worth a retry. A client that has read nothing
/// for so long has a full buffer. It gets everything by a new connection and a `sync` instead.
const POST_PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Longest pause of a queue record.
const RECORD_PAUSE_MAX: Duration = Duration::from_secs(90);

/// Most tries of a post that fails because of the gateway: they last for more than five minutes.
const FAILED_POSTS_MAX: u32 = 12;

/// Pause before the next try of a post that a connection has not accepted `tries` times, at least once. `None`: the
/// connection is given up.
pub fn pause_before_post(tries: u32) -> Option<Duration> {
    let index = usize::try_from(tries).ok()?.checked_sub(1)?;
    POST_PAUSES.get(index).copied()
}

/// Pause before the next try of a post that has failed `failures` times because of the gateway, at least once.
/// `None`: the event is given up, but the connection stays; its client finds the hole, or syncs.
pub fn pause_after_failed_post(failures: u32) -> Option<Duration> {
    (1..FAILED_POSTS_MAX).contains(&failures).then(|| pause_of_record(failures))
}

/// Pause of a record that has failed as a whole, by the number of its receives, this one included.
///
/// Short at first, since most failures of a store end within moments. Long later, so that an outage of minutes uses
/// up no more than the receives that a queue allows.
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
    fn a_record_is_retried_soon_at_first_and_rarely_after_minutes() {
        let pauses = [1, 2, 3, 7, 8, 9, u32::MAX].map(|receives| pause_of_record(receives).as_secs());
        assert_eq!(pauses, [1, 2, 4, 64, 90, 90, 90]);
        assert_eq!(pause_of_record(0).as_secs(), 1);
    }

    #[test]
    fn a_post_that_fails_because_of_the_gateway_is_retried_for_minutes() {
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
