//! Limits on the concurrent requests of one user.

use std::time::Duration;

use confab_domain::ConversationId;
use confab_domain::budget::LOCAL_RATES;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::bench::{Bench, User, event, frame_of, message};
use crate::budgets::{assert_refused, few, token_of, two};

/// As many as are read side by side, and some more.
const CONCURRENT: usize = 3 + 4;

/// Longest wait for a permit.
const WAIT_MAX: Duration = Duration::from_secs(4);

/// Messages and read marks of one user that are written side by side.
const WRITES_CONCURRENT_MAX: usize = 4;

/// More than are written side by side.
const MANY: usize = 3 * WRITES_CONCURRENT_MAX;

/// Delay of each request to a store, where it matters which calls wait for others.
const DELAY: Duration = Duration::from_millis(100);

/// Makes calls concurrently; returns their answers, and how long each took.
async fn concurrently<T>(call: impl AsyncFn() -> T) -> Vec<(T, Duration)> {
    concurrently_each(CONCURRENT, async |_| call().await).await
}

/// Makes so many calls concurrently, each with its number.
async fn concurrently_each<T>(count: usize, call: impl AsyncFn(usize) -> T) -> Vec<(T, Duration)> {
    let (started, call) = (Instant::now(), &call);
    let timed = async |n| (call(n).await, started.elapsed());
    join_all((0..count).map(timed)).await
}

/// The number of calls that did not wait for others: all calls take equally long, apart from waiting for a permit.
fn without_waiting<T>(answers: &[(T, Duration)]) -> usize {
    let fastest = answers.iter().map(|(_, took)| *took).min().expect("an answer");
    answers.iter().filter(|(_, took)| *took < fastest + DELAY / 2).count()
}

/// Each sync is charged once it was read, so those that are read side by side pass together.
#[tokio::test]
async fn of_many_concurrent_syncs_few_are_read_before_the_others_are_refused() {
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

/// So the sender of a flood gets a `rate_limited` error, and waits hold nothing until the deadline.
#[tokio::test(start_paused = true)]
async fn frames_that_get_no_permit_in_time_are_refused_before_the_running_ones_end() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let dm = bench.send(&ada, &bob, "m1", "opens").await;
    for (route, frame) in [
        ("sync", json!({"action": "sync", "id": "s", "cursors": {}})),
        ("history", json!({"action": "history", "id": "h", "conversation": dm})),
        ("presence", json!({"action": "presence", "id": "p", "users": [ada.id.to_string()]})),
    ] {
        bench.stalls.hang_after(0);
        let answers = concurrently(async || bench.ask(&bob, route, &frame).await.expect("an answer")).await;
        bench.stalls.end();
        let (given_up, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|(answer, _)| answer["code"] == "unavailable");
        assert_eq!((given_up.len(), refused.len()), (3, CONCURRENT - 3), "{route}: {answers:?}");
        for (answer, took) in refused {
            assert_refused(answer);
            assert_eq!(answer["id"], frame["id"]);
            assert!(*took < WAIT_MAX, "{route}: {took:?}");
        }
        // No call is left that has a permit or waits for one.
        let answers = concurrently(async || bench.ask(&bob, route, &frame).await.expect("an answer")).await;
        assert!(answers.iter().all(|(answer, _)| answer["type"] == route), "{answers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_get_no_permit_in_time_are_refused_before_the_running_ones_end() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.send(&ada, &bob, "m1", "opens").await;
    let token = token_of(&bob);
    let list = async || bench.call("GET", "/v1/conversations", &token, json!({})).await;
    // The login is read first, in one request.
    let delay = WAIT_MAX;
    bench.stalls.delay(delay);
    let answers = concurrently(list).await;
    bench.stalls.end();
    let refused: Vec<_> = answers.iter().filter(|((status, _), _)| *status == 429).collect();
    assert_eq!(refused.len(), CONCURRENT - 3, "{answers:?}");
    for ((_, answer), took) in refused {
        assert_refused(&answer["error"]);
        assert!(*took < delay + WAIT_MAX, "{took:?}");
    }
    let answers = concurrently(list).await;
    assert!(answers.iter().all(|((status, _), _)| *status == 200), "{answers:?}");
}

/// Changes wait longer than reads, since they have limits of their own, within which a burst is to pass.
#[tokio::test(start_paused = true)]
async fn changes_that_get_no_permit_in_time_are_refused_and_pass_later() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let token = token_of(&ada);
    let (_, group) =
        bench.call("POST", "/v1/groups", &token, json!({"name": "Climbing", "members": []})).await;
    let group = format!("/v1/groups/{}", group["group"].as_str().expect("an id"));
    let push = json!({"platform": "fcm", "token": "a-token-of-a-phone"});
    for (method, path, body) in [
        ("POST", "/v1/groups".to_owned(), json!({"name": "Hiking", "members": [bob.id.to_string()]})),
        ("PATCH", group.clone(), json!({"name": "Hiking"})),
        ("PUT", format!("{group}/members/{}", bob.id), json!({})),
        ("DELETE", format!("{group}/members/{}", bob.id), json!({})),
        ("PUT", "/v1/devices/self/push".to_owned(), push),
        ("DELETE", "/v1/devices/self/push".to_owned(), json!({})),
        ("PUT", format!("/v1/contacts/{}", bob.id), json!({})),
        ("PATCH", "/v1/me".to_owned(), json!({"display_name": "Ada"})),
        ("DELETE", group, json!({})),
    ] {
        let change = async || bench.call(method, &path, &token, body.clone()).await;
        // The login is read first, in one request.
        bench.stalls.delay(DELAY);
        bench.stalls.hang_after(CONCURRENT);
        let answers = concurrently(change).await;
        bench.stalls.end();
        let refused: Vec<_> = answers.iter().filter(|((status, _), _)| *status == 429).collect();
        assert_eq!(refused.len(), CONCURRENT - 3, "{method} {path}: {answers:?}");
        for ((_, answer), took) in refused {
            assert_refused(&answer["error"]);
            assert!((2 * WAIT_MAX..3 * WAIT_MAX).contains(took), "{took:?}");
        }
        // No call is left that has a permit or waits for one.
        let answers = join_all((0..3).map(|_| change())).await;
        assert!(answers.iter().all(|(status, _)| *status != 429), "{method} {path}: {answers:?}");
    }
}

/// A login that ends while calls wait ends them too: they read and write nothing from then on.
#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_a_permit_are_refused_if_their_login_has_ended() {
    let bench = Bench::new().await;
    let message = json!({"client_message_id": "m", "text": "hi"});
    for (n, (method, path, body, permits)) in [
        ("POST", "/v1/groups", json!({"name": "Hiking", "members": []}), 3),
        ("PATCH", "/v1/me", json!({"display_name": "Ada"}), 3),
        ("GET", "/v1/conversations", json!({}), 3),
        ("POST", "/v1/conversations/{group}/messages", message, WRITES_CONCURRENT_MAX),
    ]
    .into_iter()
    .enumerate()
    {
        let ada = User::new(&bench, 100 + n as u128).await;
        let path = path.replace("{group}", &bench.group(&ada, &[]).await);
        let token = token_of(&ada);
        bench.stalls.delay(DELAY);
        let calls = concurrently_each(MANY, async |_| bench.call(method, &path, &token, body.clone()).await);
        let logout = async {
            // The login of the logout is read together with theirs, and the logout needs no permit.
            bench.call("POST", "/v1/logout", &token, json!({})).await.0
        };
        let (answers, left) = tokio::join!(calls, logout);
        bench.stalls.end();
        assert_eq!(left, 204);
        let refused = answers.iter().filter(|((status, _), _)| *status == 401).count();
        assert!(refused >= MANY - 2 * permits, "{method} {path}: {answers:?}");
    }
}

/// A user who sends many messages side by side delays only themselves, and a burst within the budget is not refused.
#[tokio::test(start_paused = true)]
async fn of_many_messages_of_a_user_few_are_written_concurrently_and_none_is_refused() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let mut others = Vec::new();
    for n in 0..MANY {
        others.push(User::new(&bench, 100 + n as u128).await);
    }
    bench.stalls.delay(DELAY);
    for route in ["send", "send_many"] {
        // Every sixteenth send costs a write more.
        bench.is_elsewhere(LOCAL_RATES);
        let send = async |n: usize| {
            let (id, to) = (format!("{route}{n}"), others[n].id.to_string());
            let frame = match route {
                "send" => json!({"action": route, "id": id, "to": to, "text": "hi"}),
                _ => json!({"action": route, "id": id, "to": to, "messages": [{"id": id, "text": "hi"}]}),
            };
            frame_of(bench.send.handle(message(&ada, route, &frame)).await)
        };
        let answers = concurrently_each(MANY, send).await;
        let acked = if route == "send" { "ack" } else { "acks" };
        assert!(answers.iter().all(|(answer, _)| answer["type"] == acked), "{answers:?}");
        assert_eq!(without_waiting(&answers), WRITES_CONCURRENT_MAX, "{route}: {answers:?}");
        assert!(answers.is_sorted_by_key(|(_, took)| *took), "{route}, in the order of arrival: {answers:?}");
    }
    let seen = json!({"action": "read", "id": "r", "conversation": dm(&ada, &bob), "seq": 1});
    // The first read moves the read mark.
    bench.ask(&bob, "read", &seen).await.expect("an answer");
    let answers =
        concurrently_each(MANY, async |_| bench.ask(&bob, "read", &seen).await.expect("an answer")).await;
    assert!(answers.iter().all(|(answer, _)| answer["type"] == "ok"), "{answers:?}");
    assert_eq!(without_waiting(&answers), WRITES_CONCURRENT_MAX, "read: {answers:?}");
}

#[tokio::test(start_paused = true)]
async fn of_many_posts_of_a_user_few_are_written_concurrently_and_none_is_refused() {
    let bench = Bench::new().await;
    let [ada, _] = two(&bench).await;
    let mut paths = Vec::new();
    for n in 0..MANY {
        let other = User::new(&bench, 100 + n as u128).await;
        paths.push(format!("/v1/conversations/{}/messages", dm(&ada, &other)));
    }
    let token = token_of(&ada);
    bench.stalls.delay(DELAY);
    let post = async |n: usize| {
        let body = json!({"client_message_id": format!("p{n}"), "text": "hi"});
        bench.call("POST", &paths[n], &token, body).await
    };
    let answers = concurrently_each(MANY, post).await;
    assert!(answers.iter().all(|((status, _), _)| *status == 200), "{answers:?}");
    assert_eq!(without_waiting(&answers), WRITES_CONCURRENT_MAX, "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn messages_of_other_users_and_heartbeats_do_not_wait() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let mut others = Vec::new();
    for n in 0..MANY {
        others.push(User::new(&bench, 100 + n as u128).await);
    }
    let [carol, dave] = [User::new(&bench, 50).await, User::new(&bench, 51).await];
    let typing = json!({"action": "typing", "conversation": dm(&ada, &bob)});
    bench.stalls.delay(DELAY);
    let (sent, (by_carol, beats, typings)) = tokio::join!(
        concurrently_each(MANY, async |n| bench.try_send(&ada, &others[n], &format!("m{n}"), "hi").await),
        async {
            tokio::join!(
                concurrently_each(1, async |_| bench.try_send(&carol, &dave, "m", "hi").await),
                concurrently_each(MANY, async |_| bench.heartbeat(&ada).await),
                concurrently_each(5, async |_| bench.ask(&ada, "typing", &typing).await),
            )
        },
    );
    assert_eq!(by_carol[0].0["type"], "ack");
    let took =
        |answers: &[(Value, Duration)]| answers.iter().map(|(_, took)| *took).max().expect("an answer");
    let fastest = sent.iter().map(|(_, took)| *took).min().expect("an answer");
    assert!(took(&by_carol) < fastest + DELAY / 2, "{by_carol:?} {sent:?}");
    assert!(beats.iter().all(|(answer, _)| answer["type"] == "heartbeat"), "{beats:?}");
    assert!(took(&beats) < fastest + DELAY / 2, "{beats:?} {sent:?}");
    assert!(typings.iter().all(|(answer, took)| answer.is_none() && *took < fastest + DELAY / 2));
}

/// The ticket of a login that has ended opens nothing, and its login is read from the store each time.
#[tokio::test(start_paused = true)]
async fn of_many_handshakes_of_a_user_few_are_judged_concurrently_and_others_are_refused_in_time() {
    let bench = Bench::new().await;
    let ended = async |n: usize| {
        bench.connect.handle(event(99, &format!("c{n}="), "$connect", "CONNECT", None)).await.status_code
    };
    bench.stalls.hang_after(0);
    let answers = concurrently_each(CONCURRENT, ended).await;
    bench.stalls.end();
    let (given_up, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 503);
    assert_eq!((given_up.len(), refused.len()), (4, CONCURRENT - 4), "{answers:?}");
    assert!(refused.iter().all(|(status, took)| *status == 429 && *took < WAIT_MAX), "{answers:?}");
    // No handshake is left that has a permit or waits for one; a handshake that waits in time is judged.
    bench.stalls.delay(DELAY);
    bench.sign_in(1).await;
    let other = async { (bench.connect(1, "c=").await, Instant::now()).1 };
    let (answers, opened_at) = tokio::join!(concurrently_each(CONCURRENT, ended), other);
    assert!(answers.iter().all(|(status, _)| *status == 401), "{answers:?}");
    let last = answers.iter().map(|(_, took)| *took).max().expect("an answer");
    assert!(without_waiting(&answers) == 4 && opened_at.elapsed() < last, "{answers:?}");
}

fn dm(one: &User, other: &User) -> String {
    ConversationId::dm(one.id, other.id).expect("two users").to_string()
}
