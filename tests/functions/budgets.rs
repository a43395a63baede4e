//! What users may ask for, over several environments of the functions.

use std::time::Duration;

use confab_app::ports::{Identity, Sessions, Tokens};
use confab_domain::budget::{BudgetRates, LOCAL_RATES};
use confab_domain::rate::Rate;
use confab_domain::{DeviceId, FamilyId, UserId};
use confab_lambda::clock;
use serde_json::{Value, json};
use ulid::Ulid;

use crate::bench::{Bench, User};
use crate::clients::tokens;
use crate::costs::{Budget, check};

/// Little enough to be used up by a test, and so slow to come back that no test waits for it.
fn few() -> BudgetRates {
    let few = |burst| Rate { burst, interval: Duration::from_secs(60) };
    BudgetRates { writes: few(20), answers: few(40), frames: few(20), ..LOCAL_RATES }
}

async fn two(bench: &Bench) -> [User; 2] {
    let two = [User::new(bench, 1).await, User::new(bench, 2).await];
    bench.send(&two[0], &two[1], "m0", "the first one opens the conversation").await;
    two
}

#[track_caller]
fn assert_refused(answer: &Value) {
    assert_eq!(answer["code"], "rate_limited", "{answer}");
    assert!(answer["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{answer}");
}

/// Sends until one is refused; gives how many passed.
async fn send_until_refused(bench: &Bench, from: &User, to: &User, prefix: &str) -> u32 {
    for n in 0..100 {
        let answer = bench.try_send(from, to, &format!("{prefix}{n}"), "again").await;
        if answer["type"] != "ack" {
            assert_refused(&answer);
            assert_eq!(answer["id"], format!("{prefix}{n}"));
            return n;
        }
    }
    panic!("nothing was refused");
}

#[tokio::test]
async fn a_burst_passes_then_sends_are_refused_and_nobody_else_is() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.is_elsewhere(few());
    assert_eq!(send_until_refused(&bench, &ada, &bob, "a").await, 20);
    bench.meter.reset();
    assert_refused(&bench.try_send(&ada, &bob, "late", "again").await);
    let nothing = Budget { write_units: 0.0, read_units: 0.0, round_trips: 0 };
    check("a refusal", &bench, &nothing);
    assert_eq!(bench.try_send(&bob, &ada, "b", "I am still here").await["type"], "ack");
}

#[tokio::test]
async fn environments_refuse_together_what_they_were_asked_for_together() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.is_elsewhere(few());
    let mut passed = 0;
    for environment in 0..4 {
        passed += send_until_refused(&bench, &ada, &bob, &format!("e{environment}-")).await;
        bench.is_elsewhere(few());
    }
    // Each may let one through before it has seen the row, and keep to itself what it has not told it yet.
    assert!((20..=20 + 3 * 5).contains(&passed), "{passed}");
}

#[tokio::test]
async fn http_calls_and_frames_of_a_user_share_their_budgets() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let conversation = bench.send(&ada, &bob, "m1", "opens").await;
    let device = DeviceId::new(Ulid(ada.n));
    let identity = Identity { user: ada.id, device, family: FamilyId::new(Ulid(ada.n)) };
    let (token, _) = tokens().issue_access(identity, 0, clock::now());
    let path = format!("/v1/conversations/{conversation}/messages");
    let post = async |bench: &Bench, id: &str| {
        let message = json!({"client_message_id": id, "text": "over HTTP"});
        bench.call("POST", &path, &token, message).await
    };

    bench.is_elsewhere(few());
    assert_eq!(send_until_refused(&bench, &ada, &bob, "a").await, 20);
    // An environment learns of it when it tells the row what it has let through.
    let mut posted = 0;
    let (status, refused) = loop {
        let answer = post(&bench, &format!("p{posted}")).await;
        if answer.0 != 200 {
            break answer;
        }
        posted += 1;
        assert!(posted < 20, "what frames have used up is there for HTTP");
    };
    assert_eq!(status, 429);
    assert_refused(&refused["error"]);
}

/// The row is told what was taken, so that others know; in between it goes with renewals, for nothing.
#[tokio::test]
async fn of_a_burst_of_sends_every_sixteenth_costs_a_write_more() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.is_heard(&ada).await;
    for n in 0..16 {
        bench.send(&ada, &bob, &format!("m1{n}"), "Shall we meet at eight?").await;
    }
    let row = bench.store.session(ada.id).await.expect("a store").expect("a session");
    assert!(row.budgets.writes.is_some());
    assert_eq!(row.budgets.answers, None);
}

#[tokio::test]
async fn answers_are_charged_after_they_were_read_wherever_that_was() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let conversation = bench.send(&ada, &bob, "m1", "opens").await;
    for n in 0..6 {
        bench.send(&ada, &bob, &format!("l{n}"), &"A long one. ".repeat(1_800)).await;
    }
    bench.is_elsewhere(few());
    assert_eq!(bench.sync(&bob, json!({})).await["complete"], true);
    let history = json!({"action": "history", "id": "h", "conversation": conversation});
    assert_refused(&bench.sync(&bob, json!({})).await);
    assert_refused(&bench.ask(&bob, "history", &history).await.expect("an answer"));
    assert_eq!(bench.ask(&ada, "history", &history).await.expect("an answer")["type"], "history");
    bench.is_elsewhere(few());
    // The frame by which an environment learns of it passes.
    let other = json!({"action": "read", "id": "r", "conversation": conversation, "seq": 1});
    assert_eq!(bench.ask(&bob, "read", &other).await.expect("an answer")["type"], "ok");
    assert_refused(&bench.ask(&bob, "history", &history).await.expect("an answer"));
}

#[tokio::test]
async fn a_sync_of_many_cursors_counts_though_it_finds_nothing() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let conversation = bench.send(&ada, &bob, "m1", "opens").await;
    let mut cursors = serde_json::Map::from_iter([(conversation, 2.into())]);
    for n in 100..141 {
        let other = UserId::new(Ulid(n));
        let dm = confab_domain::ConversationId::dm(ada.id, other).expect("two users");
        cursors.insert(dm.to_string(), 1.into());
    }
    bench.is_elsewhere(few());
    assert_eq!(bench.sync(&ada, Value::Object(cursors.clone())).await["complete"], true);
    assert_refused(&bench.sync(&ada, Value::Object(cursors)).await);
}

#[tokio::test]
async fn a_sync_counts_what_it_reads_though_it_gives_little_and_no_cursor_names_it() {
    let mut bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    for n in 100..141 {
        let other = User::new(&bench, n).await;
        bench.send(&ada, &other, "m1", "opens").await;
    }
    bench.is_elsewhere(few());
    assert_eq!(bench.sync(&ada, json!({})).await["complete"], true);
    // The answer alone is less than half of the burst.
    assert_refused(&bench.sync(&ada, json!({})).await);
}

#[tokio::test]
async fn other_frames_are_counted_malformed_ones_too() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.is_elsewhere(few());
    for n in 0..20 {
        let (route, frame) = match n % 3 {
            0 => ("read", json!({"action": "read"})),
            1 => ("sync", json!({"action": "sync"})),
            _ => ("presence", json!({"action": "presence", "id": "p", "users": []})),
        };
        let answer = bench.ask(&ada, route, &frame).await.expect("an answer");
        assert_ne!(answer["code"], "rate_limited", "{answer}");
    }
    for route in ["read", "sync", "typing", "presence"] {
        assert_refused(&bench.ask(&ada, route, &json!({"action": route})).await.expect("an answer"));
    }
    assert_eq!(bench.try_send(&ada, &bob, "m1", "by another budget").await["type"], "ack");
    assert_eq!(bench.sync(&ada, json!({})).await["complete"], true);
}
