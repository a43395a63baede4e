//! Token buckets of rate limits.

use std::time::Duration;

use confab_app::ports::RateLimits;
use confab_domain::rate::Rate;
use confab_domain::{Refusal, Timestamp};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::NOW;

/// A burst of three, then one per second.
const RATE: Rate = Rate { burst: 3, interval: Duration::from_secs(1) };

fn later(ms: u64) -> Timestamp {
    NOW.plus(Duration::from_millis(ms))
}

/// Takes one try; the error is the pause before the next.
async fn take(limits: &impl RateLimits, bucket: &str, now: Timestamp) -> Result<(), Duration> {
    match limits.take(bucket, RATE, now).await.unwrap() {
        Ok(()) => Ok(()),
        Err(Refusal::RateLimited { retry_after }) => Err(retry_after),
        Err(other) => panic!("expected a rate limit, got {other}"),
    }
}

async fn empty(limits: &impl RateLimits, bucket: &str) {
    for _ in 0..RATE.burst {
        assert_eq!(take(limits, bucket, NOW).await, Ok(()));
    }
}

pub async fn a_burst_passes_and_the_next_refusal_names_its_pause(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    empty(limits, &bucket).await;
    assert_eq!(take(limits, &bucket, NOW).await, Err(Duration::from_millis(1_000)));
    assert_eq!(take(limits, &bucket, later(400)).await, Err(Duration::from_millis(600)));
    assert_eq!(take(limits, &bucket, later(1_000)).await, Ok(()));
}

pub async fn time_fills_a_bucket(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    empty(limits, &bucket).await;
    for _ in 0..2 {
        assert_eq!(take(limits, &bucket, later(2_000)).await, Ok(()));
    }
    assert!(take(limits, &bucket, later(2_000)).await.is_err());
    for _ in 0..RATE.burst {
        assert_eq!(take(limits, &bucket, later(1_000_000)).await, Ok(()));
    }
    assert!(take(limits, &bucket, later(1_000_000)).await.is_err());
}

pub async fn a_refused_try_costs_nothing(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    empty(limits, &bucket).await;
    for _ in 0..10 {
        assert_eq!(take(limits, &bucket, later(10)).await, Err(Duration::from_millis(990)));
    }
    assert_eq!(take(limits, &bucket, later(1_000)).await, Ok(()));
}

pub async fn refilling_ends_the_wait(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    empty(limits, &bucket).await;
    limits.refill(&bucket).await.unwrap();
    empty(limits, &bucket).await;
    assert!(take(limits, &bucket, NOW).await.is_err());
}

pub async fn refilling_an_unused_bucket_has_no_effect(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    limits.refill(&bucket).await.unwrap();
    empty(limits, &bucket).await;
}

pub async fn buckets_are_independent(limits: &impl RateLimits, ids: Ids) {
    empty(limits, &ids.bucket(1)).await;
    empty(limits, &ids.bucket(2)).await;
    limits.refill(&ids.bucket(1)).await.unwrap();
    assert!(take(limits, &ids.bucket(2), NOW).await.is_err());
}

pub async fn concurrent_tries_never_exceed_the_burst(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    let tries = join_all((0..10).map(|_| limits.take(&bucket, RATE, NOW))).await;
    let taken = tries.iter().filter(|attempt| matches!(attempt, Ok(Ok(())))).count();
    assert!(taken <= RATE.burst as usize, "{taken} passed");
    let refused = tries.iter().filter(|attempt| matches!(attempt, Ok(Err(_)))).count();
    // A store that loses too many races may be unavailable, but may not let one more try pass.
    assert!(taken >= 1 && refused <= 10 - taken);
}

pub async fn a_time_that_a_wrong_clock_wrote_refuses_no_try(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    let day_ms = 24 * 3_600_000;
    assert_eq!(take(limits, &bucket, later(day_ms)).await, Ok(()));
    assert_eq!(limits.check(&bucket, RATE, NOW).await.unwrap(), Ok(()));
    assert_eq!(take(limits, &bucket, NOW).await, Ok(()));
    assert_eq!(take(limits, &bucket, NOW).await, Ok(()), "a burst is allowed, whatever the time was");
    assert_eq!(take(limits, &bucket, NOW).await, Err(Duration::from_secs(1)));
    assert_eq!(take(limits, &bucket, later(1_000)).await, Ok(()));
}

pub async fn a_burst_passes_whichever_clock_is_ahead(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    for ahead_ms in [9_000, 0, 9_000] {
        assert_eq!(take(limits, &bucket, later(ahead_ms)).await, Ok(()));
    }
    assert_eq!(take(limits, &bucket, NOW).await, Err(Duration::from_secs(1)));
    assert_eq!(take(limits, &bucket, later(9_000)).await, Err(Duration::from_secs(1)));
    assert_eq!(take(limits, &bucket, later(10_000)).await, Ok(()));
    assert!(take(limits, &bucket, later(1_000)).await.is_err(), "nothing has refilled since");
}

pub async fn a_check_has_the_outcome_of_a_take_and_takes_nothing(limits: &impl RateLimits, ids: Ids) {
    let bucket = ids.bucket(1);
    for _ in 0..10 {
        assert_eq!(limits.check(&bucket, RATE, NOW).await.unwrap(), Ok(()));
    }
    empty(limits, &bucket).await;
    assert!(limits.check(&bucket, RATE, NOW).await.unwrap().is_err());
    assert_eq!(limits.check(&bucket, RATE, later(1_000)).await.unwrap(), Ok(()));
}
