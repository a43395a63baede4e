//! Of one user few answers are read side by side.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bench::Bench;
use crate::budgets::{assert_refused, few, token_of, two};

/// As many as are read at once, and some more.
const AT_ONCE: usize = 3 + 4;

/// How long who is to wait for their turn may wait.
const WAIT_MAX: Duration = Duration::from_secs(4);

/// Makes calls at once; gives their answers, and how long each took.
async fn at_once<T>(call: impl AsyncFn() -> T) -> Vec<(T, Duration)> {
    let started = Instant::now();
    let timed = || async { (call().await, started.elapsed()) };
    join_all((0..AT_ONCE).map(|_| timed())).await
}

/// Each is charged once it was read, so those that are read side by side pass together.
#[tokio::test]
async fn of_many_syncs_at_once_few_are_read_before_the_others_are_refused() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    for n in 0..6 {
        bench.send(&ada, &bob, &format!("l{n}"), &"A long one. ".repeat(1_800)).await;
    }
    bench.is_elsewhere(few());
    let answers = join_all((0..12).map(|_| bench.sync(&bob, json!({})))).await;
    let refused: Vec<&Value> = answers.iter().filter(|answer| answer["type"] == "error").collect();
    assert!(refused.len() >= 12 - 3, "{} were read", 12 - refused.len());
    refused.into_iter().for_each(assert_refused);
}

/// So a flood is told to who sends it as what it is, and holds nothing until the deadline.
#[tokio::test(start_paused = true)]
async fn frames_that_wait_for_their_turn_in_vain_are_refused_before_what_they_wait_for_ends() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let dm = bench.send(&ada, &bob, "m1", "opens").await;
    for (route, frame) in [
        ("sync", json!({"action": "sync", "id": "s", "cursors": {}})),
        ("history", json!({"action": "history", "id": "h", "conversation": dm})),
    ] {
        bench.stalls.hang_after(0);
        let answers = at_once(async || bench.ask(&bob, route, &frame).await.expect("an answer")).await;
        bench.stalls.end();
        let (given_up, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|(answer, _)| answer["code"] == "unavailable");
        assert_eq!((given_up.len(), refused.len()), (3, AT_ONCE - 3), "{route}: {answers:?}");
        for (answer, took) in refused {
            assert_refused(answer);
            assert_eq!(answer["id"], frame["id"]);
            assert!(*took < WAIT_MAX, "{route}: {took:?}");
        }
        // Nobody is left who has a place, or waits for one.
        let answers = at_once(async || bench.ask(&bob, route, &frame).await.expect("an answer")).await;
        assert!(answers.iter().all(|(answer, _)| answer["type"] == route), "{answers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_their_turn_in_vain_are_refused_before_what_they_wait_for_ends() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.send(&ada, &bob, "m1", "opens").await;
    let token = token_of(&bob);
    let list = async || bench.call("GET", "/v1/conversations", &token, json!({})).await;
    // The login is looked at before, in one request.
    let delay = WAIT_MAX;
    bench.stalls.delay(delay);
    let answers = at_once(list).await;
    bench.stalls.end();
    let refused: Vec<_> = answers.iter().filter(|((status, _), _)| *status == 429).collect();
    assert_eq!(refused.len(), AT_ONCE - 3, "{answers:?}");
    for ((_, answer), took) in refused {
        assert_refused(&answer["error"]);
        assert!(*took < delay + WAIT_MAX, "{took:?}");
    }
    let answers = at_once(list).await;
    assert!(answers.iter().all(|((status, _), _)| *status == 200), "{answers:?}");
}
