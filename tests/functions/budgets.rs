//! Budgets of users, over several environments of the functions.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_app::ports::{Consistency, Identity, Sessions, Tokens};
use confab_domain::budget::{ANSWER_MIN, BudgetRates, LOCAL_RATES};
use confab_domain::rate::Rate;
use confab_domain::{ConversationId, DeviceId, FamilyId, UserId};
use confab_lambda::clock;
use serde_json::{Value, json};
use ulid::Ulid;

use crate::bench::{Bench, User, frame_of, message};
use crate::clients::tokens;
use crate::costs::{Budget, check};

/// Rates small enough to be used up by a test, and too slow to refill during it.
pub(crate) fn few() -> BudgetRates {
    let few = |burst| Rate { burst, interval: Duration::from_secs(60) };
    BudgetRates { writes: few(20), answers: few(50), frames: few(20), ..LOCAL_RATES }
}

pub(crate) async fn two(bench: &Bench) -> [User; 2] {
    let two = [User::new(bench, 1).await, User::new(bench, 2).await];
    bench.send(&two[0], &two[1], "m0", "the first one opens the conversation").await;
    two
}

#[track_caller]
pub(crate) fn assert_refused(answer: &Value) {
    assert_eq!(answer["code"], "rate_limited", "{answer}");
    assert!(answer["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{answer}");
}

pub(crate) fn token_of(user: &User) -> String {
    let device = DeviceId::new(Ulid(user.n));
    let identity = Identity { user: user.id, device, family: FamilyId::new(Ulid(user.n)) };
    tokens().issue_access(identity, 0, clock::now()).0
}

/// Sends until a send is refused; returns how many passed.
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
async fn a_burst_passes_then_sends_of_that_user_alone_are_refused() {
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
async fn environments_share_the_budget_of_a_user() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.is_elsewhere(few());
    let mut passed = 0;
    for environment in 0..4 {
        passed += send_until_refused(&bench, &ada, &bob, &format!("e{environment}-")).await;
        bench.is_elsewhere(few());
    }
    // Each environment may let one send through before it has read the row, and may hold back charges that it has not
    // written yet.
    assert!((20..=20 + 3 * 5).contains(&passed), "{passed}");
}

#[tokio::test]
async fn http_calls_and_frames_of_a_user_share_their_budgets() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let conversation = bench.send(&ada, &bob, "m1", "opens").await;
    let token = token_of(&ada);
    let path = format!("/v1/conversations/{conversation}/messages");
    let post = async |bench: &Bench, id: &str| {
        let message = json!({"client_message_id": id, "text": "over HTTP"});
        bench.call("POST", &path, &token, message).await
    };

    bench.is_elsewhere(few());
    assert_eq!(send_until_refused(&bench, &ada, &bob, "a").await, 20);
    // An environment reads the charges of others when it writes its own.
    let mut posted = 0;
    let (status, refused) = loop {
        let answer = post(&bench, &format!("p{posted}")).await;
        if answer.0 != 200 {
            break answer;
        }
        posted += 1;
        assert!(posted < 20, "a budget used up by frames still allows HTTP calls");
    };
    assert_eq!(status, 429);
    assert_refused(&refused["error"]);
}

/// A send to a user who does not exist counts more: real clients rarely do it, and the lookup costs as much as a
/// message.
#[tokio::test]
async fn a_message_to_an_unknown_user_counts_as_ten() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let to = |n: u128| UserId::new(Ulid(n)).to_string();
    let many = |n: u128| json!({"action": "send_many", "id": "b", "to": to(n), "messages": [{"id": "m1", "text": "hi"}]});

    bench.is_elsewhere(few());
    let one = json!({"action": "send", "id": "m1", "to": to(901), "text": "hi"});
    assert_eq!(frame_of(bench.send.handle(message(&ada, "send", &one)).await)["code"], "not_found");
    let answer = frame_of(bench.send.handle(message(&ada, "send_many", &many(902))).await);
    assert_eq!(answer["acks"][0]["code"], "not_found", "{answer}");
    assert_refused(&bench.try_send(&ada, &bob, "late", "again").await);

    bench.is_elsewhere(few());
    let bob_token = token_of(&bob);
    let path = |n: u128| {
        let dm = ConversationId::dm(bob.id, UserId::new(Ulid(n))).expect("two users");
        format!("/v1/conversations/{dm}/messages")
    };
    for n in [903, 904] {
        let body = json!({"client_message_id": "m1", "text": "hi"});
        assert_eq!(bench.call("POST", &path(n), &bob_token, body).await.0, 404);
    }
    let body = json!({"client_message_id": "m1", "text": "hi"});
    assert_eq!(bench.call("POST", &path(905), &bob_token, body).await.0, 429);
}

/// Charges are written to the row from time to time so that other environments see them; a renewal carries them for
/// free.
#[tokio::test]
async fn of_a_burst_of_sends_every_sixteenth_costs_a_write_more() {
    let bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    bench.is_renewed(&ada).await;
    for n in 0..16 {
        bench.send(&ada, &bob, &format!("m1{n}"), "Shall we meet at eight?").await;
    }
    let row = bench.store.session(ada.id, Consistency::Strong).await.expect("a store").expect("a session");
    assert!(row.budgets.writes.is_some());
    assert_eq!(row.budgets.answers, None);
}

#[tokio::test]
async fn answers_are_charged_after_they_were_read_in_every_environment() {
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
    // The frame with which an environment reads the charges passes.
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
        let dm = ConversationId::dm(ada.id, other).expect("two users");
        cursors.insert(dm.to_string(), 1.into());
    }
    bench.is_elsewhere(few());
    assert_eq!(bench.sync(&ada, Value::Object(cursors.clone())).await["complete"], true);
    assert_refused(&bench.sync(&ada, Value::Object(cursors)).await);
}

#[tokio::test]
async fn a_sync_counts_the_rows_that_it_reads_even_if_its_answer_is_small() {
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
async fn messages_of_strangers_do_not_use_up_the_read_budget_of_their_recipient() {
    let mut bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    for n in 100..141 {
        let stranger = User::new(&bench, n).await;
        bench.send(&stranger, &ada, "m1", "opens").await;
    }
    bench.is_elsewhere(few());
    for _ in 0..3 {
        assert_eq!(bench.sync(&ada, json!({})).await["complete"], true);
    }
}

/// Frames with almost empty answers.
#[tokio::test]
async fn each_answer_to_a_frame_counts_at_least_16_kb_even_if_it_is_refused() {
    let mut bench = Bench::new().await;
    let of =
        |one, other| ConversationId::dm(UserId::new(Ulid(one)), UserId::new(Ulid(other))).expect("two users");
    let history = |conversation: ConversationId| json!({"action": "history", "id": "f", "conversation": conversation.to_string()});
    for (n, route, frame, code) in [
        (20, "sync", json!({"action": "sync", "id": "f", "cursors": {}, "partial": true}), None),
        (21, "history", history(of(21, 8)), None),
        (22, "history", history(of(8, 9)), Some("forbidden")),
        (23, "presence", json!({"action": "presence", "id": "f", "users": []}), None),
    ] {
        let user = User::new(&bench, n).await;
        bench.is_elsewhere(few());
        for _ in 0..4 {
            let answer = bench.ask(&user, route, &frame).await.expect("an answer");
            assert_eq!(answer["code"].as_str(), code, "{answer}");
        }
        assert_refused(&bench.ask(&user, route, &frame).await.expect("an answer"));
    }
}

#[tokio::test]
async fn presence_counts_the_rows_that_it_reads() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    let conversation = bench.send(&ada, &bob, "m2", "again").await;
    let strangers: Vec<String> = (100..160).map(|n| UserId::new(Ulid(n)).to_string()).collect();
    let frame = json!({"action": "presence", "id": "p", "users": strangers});
    bench.is_elsewhere(few());
    assert_eq!(bench.ask(&ada, "presence", &frame).await.expect("an answer")["users"], json!([]));
    assert_refused(&bench.ask(&ada, "presence", &frame).await.expect("an answer"));
    let other = json!({"action": "read", "id": "r", "conversation": conversation, "seq": 1});
    assert_eq!(bench.ask(&ada, "read", &other).await.expect("an answer")["type"], "ok");
}

/// The paths of all reads over HTTP, by their names in the API description.
fn reads(user: &str, conversation: &str, group: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("/v1/me", "/v1/me".to_owned()),
        ("/v1/users", "/v1/users?handle=ada".to_owned()),
        ("/v1/users/{user}", format!("/v1/users/{user}")),
        ("/v1/contacts", "/v1/contacts".to_owned()),
        ("/v1/blocks", "/v1/blocks".to_owned()),
        ("/v1/devices", "/v1/devices".to_owned()),
        ("/v1/conversations", "/v1/conversations".to_owned()),
        ("/v1/conversations/{conversation}/messages", format!("/v1/conversations/{conversation}/messages")),
        ("/v1/conversations/{conversation}/receipts", format!("/v1/conversations/{conversation}/receipts")),
        ("/v1/groups/{group}", format!("/v1/groups/{group}")),
    ])
}

#[tokio::test]
async fn every_read_over_http_counts_and_a_refusal_reads_only_the_login() {
    let mut bench = Bench::new().await;
    let (ada, bob) = (bench.signs_up("ada").await, bench.signs_up("bob").await);
    let [token, user, other] = [&ada["access_token"], &ada["user"], &bob["user"]]
        .map(|field| field.as_str().expect("a text").to_owned());
    let ids = [&user, &other].map(|id| id.parse().expect("a user"));
    let conversation = ConversationId::dm(ids[0], ids[1]).expect("two users").to_string();
    let (status, group) =
        bench.call("POST", "/v1/groups", &token, json!({"name": "Climbing", "members": []})).await;
    assert_eq!(status, 201, "{group}");
    let reads = reads(&user, &conversation, group["group"].as_str().expect("an id"));

    let (_, description) = bench.call("GET", "/v1/openapi.json", "", json!({})).await;
    let described: Vec<&str> = description["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .filter(|(_, calls)| calls["get"]["security"].as_array().is_some_and(|schemes| !schemes.is_empty()))
        .map(|(path, calls)| {
            assert!(calls["get"]["responses"]["429"].is_object(), "{path} does not document the limit");
            path.as_str()
        })
        .collect();
    assert_eq!(described, reads.keys().copied().collect::<Vec<_>>(), "the test calls every read");

    let one = Rate { burst: ANSWER_MIN, interval: Duration::from_secs(60) };
    for path in reads.values() {
        bench.is_elsewhere(BudgetRates { answers: one, ..LOCAL_RATES });
        let (status, answer) = bench.call("GET", path, &token, json!({})).await;
        assert_eq!(status, 200, "{path}: {answer}");
        bench.meter.reset();
        let (status, answer) = bench.call("GET", path, &token, json!({})).await;
        assert_eq!(status, 429, "{path}: {answer}");
        assert_refused(&answer["error"]);
        let login = Budget { write_units: 0.0, read_units: 1.0, round_trips: 1 };
        check("a refused call", &bench, &login);
    }
}

#[tokio::test]
async fn a_mute_a_registration_and_a_refresh_count_too() {
    let mut bench = Bench::new().await;
    let (ada, bob) = (bench.signs_up("ada").await, bench.signs_up("bob").await);
    let ids = [&ada, &bob].map(|session| session["user"].as_str().expect("an id").parse().expect("a user"));
    let conversation = ConversationId::dm(ids[0], ids[1]).expect("two users");
    let token = ada["access_token"].as_str().expect("a token");
    let one = Rate { burst: ANSWER_MIN, interval: Duration::from_secs(60) };
    let mute = json!({"muted_until_ms": null});
    let refresh = json!({"refresh_token": ada["refresh_token"], "attempt": "a"});
    for (method, path, body) in [
        ("PATCH", format!("/v1/conversations/{conversation}"), mute),
        ("DELETE", "/v1/devices/self/push".to_owned(), json!({})),
        ("POST", "/v1/token/refresh".to_owned(), refresh),
    ] {
        bench.is_elsewhere(BudgetRates { answers: one, ..LOCAL_RATES });
        let (status, answer) = bench.call(method, &path, token, body.clone()).await;
        assert_ne!(status, 429, "{path}: {answer}");
        let (status, answer) = bench.call(method, &path, token, body).await;
        assert_eq!(status, 429, "{path}: {answer}");
        assert_refused(&answer["error"]);
    }
}

#[tokio::test]
async fn the_chat_list_charges_the_messages_that_it_counts_as_unread() {
    let mut bench = Bench::new().await;
    let [ada, bob] = two(&bench).await;
    for n in 0..200 {
        bench.send(&ada, &bob, &format!("u{n}"), "again").await;
    }
    bench.is_elsewhere(few());
    let list =
        async |bench: &Bench, user| bench.call("GET", "/v1/conversations", &token_of(user), json!({})).await;
    for _ in 0..3 {
        assert_eq!(list(&bench, &ada).await.0, 200, "ada has read everything");
    }
    assert_eq!(list(&bench, &bob).await.0, 200);
    assert_eq!(list(&bench, &bob).await.0, 429);
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
            _ => ("presence", json!({"action": "presence"})),
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
