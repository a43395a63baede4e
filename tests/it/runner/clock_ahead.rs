//! A data directory that was written while the machine's clock was ahead, after the clock was corrected.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tests::clock_ahead::ClockAhead;
use tests::runner::{Runner, TempDir, command};
use tests::{Answer, Chat, DEADLINE, Socket, User, times};
use tokio::time::Instant;

/// Interval of logins of an address that has made too many. Unit: milliseconds.
const ADDRESS_INTERVAL_MS: u64 = 100;

const HOUR: Duration = Duration::from_secs(3_600);

#[expect(clippy::disallowed_methods, reason = "the clock is what this is about")]
fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    u64::try_from(now.as_millis()).expect("a time of this age")
}

/// Users from the time when the clock was ahead, with their sockets.
struct Past {
    alice: User,
    bob: User,
    /// Has used up the burst of tickets.
    greedy: User,
    /// The handle for which the burst of password attempts is used up.
    tried: User,
    group: String,
    dm: String,
}

/// The answer to a login, once the address of the tests may try one: ten a second, after the first.
async fn logs_in(chat: &Chat, user: &User, password: &str) -> Answer {
    loop {
        let answer = chat.login(&user.handle, password).await;
        match wait_ms(&answer) {
            Some(wait_ms) if wait_ms <= ADDRESS_INTERVAL_MS => {
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            }
            _ => return answer,
        }
    }
}

/// The wait that a refusal for too many attempts asks for.
fn wait_ms(answer: &Answer) -> Option<u64> {
    (answer.status == 429).then(|| answer.json()["error"]["retry_after_ms"].as_u64().expect("a time"))
}

/// Checks that a user of an empty bucket waits no longer than by the other clock.
#[track_caller]
fn assert_given_soon(answer: &Answer, interval: Duration) {
    let wait = wait_ms(answer).map_or(Duration::ZERO, Duration::from_millis);
    let is_given = answer.status == 200 || !wait.is_zero();
    assert!(is_given && wait <= interval, "{}", answer.shown());
}

impl Past {
    /// Makes every request that stores a time.
    async fn of(chat: &Chat, ahead: Duration) -> (Self, [Socket; 2]) {
        let [alice, bob] = chat.friends().await;
        let [greedy, tried] = chat.users().await;
        let dm = alice.dm(&bob);
        let (mut phone, laptop) = (alice.connect().await, bob.connect().await);
        let said = phone.say(&bob.id, "from the future").await;
        let is_ahead_by = said["sent_at_ms"].as_u64().unwrap().saturating_sub(now_ms());
        assert!(Duration::from_millis(is_ahead_by) > ahead / 2, "the clock is not ahead: {said}");
        phone.send(&json!({"action": "typing", "conversation": dm})).await;
        phone.assert_alive().await;
        let group = json!({"name": "The future", "members": [bob.id]});
        let group = alice.http.post("/v1/groups", &group).await.with_status(201)["group"]
            .as_str()
            .unwrap()
            .to_owned();
        alice.http.patch("/v1/me", &json!({"display_name": "Alice of the future"})).await.ok();
        while greedy.http.post("/v1/tickets", &json!({})).await.status == 200 {}
        while logs_in(chat, &tried, "a wrong password").await.status == 401 {}
        let alice = alice.renewed(&alice.refresh().await.ok());
        (Self { alice, bob, greedy, tried, group, dm }, [phone, laptop])
    }

    /// Checks accounts, tokens and counters right after the correction of the clock: each bucket is as full as before.
    async fn can_do_everything(&self, chat: &Chat) {
        let Self { alice, bob, greedy, tried, group, dm } = self;
        for user in [alice, bob, greedy, tried] {
            user.assert_logged_in().await;
        }
        let handle = tests::fresh_handle();
        let signup = json!({"handle": handle, "password": "correct horse"});
        let session = chat.http.post("/v1/signup", &signup).await.with_status(201);
        let newcomer = chat.user_of(&handle, "correct horse", &session);
        // Both are counted by address and handle: a login, and one that fails.
        assert_given_soon(&logs_in(chat, tried, &tried.password).await, Duration::from_secs(60));
        assert_eq!(logs_in(chat, alice, "a wrong password").await.status, 401);
        assert_eq!(logs_in(chat, alice, &alice.password).await.status, 200);
        assert_given_soon(&greedy.http.post("/v1/tickets", &json!({})).await, Duration::from_secs(1));
        // Each token gives the next, and the one before is answered as always.
        let renewed = bob.renewed(&bob.refresh().await.ok());
        bob.renewed(&bob.refresh().await.ok()).assert_logged_in().await;
        renewed.renewed(&renewed.refresh().await.ok()).assert_logged_in().await;
        alice.http.patch("/v1/me", &json!({"display_name": "Alice"})).await.ok();
        alice.put_contact(&newcomer).await.ok();
        bob.block(greedy).await;
        alice.http.put(&format!("/v1/groups/{group}/members/{}", newcomer.id), &json!({})).await.ok();
        alice
            .http
            .post("/v1/groups", &json!({"name": "The present", "members": [bob.id]}))
            .await
            .with_status(201);
        let said = alice.post_text(dm, "from the present").await;
        assert_eq!((&said["seq"], &said["duplicate"]), (&json!(2), &json!(false)));
        assert!(said["sent_at_ms"].as_u64().unwrap() <= now_ms(), "{said}");
        assert_eq!(bob.listed(dm).await["unread_count"], 2);
    }

    /// Checks that no user is shown online by the other clock, and that changes of presence are notified as always.
    async fn is_notified_of(&self) {
        let Self { alice, bob, dm, .. } = self;
        let mut laptop = bob.connect().await;
        laptop.stay_awake();
        assert_eq!(laptop.status_of(alice).await.as_deref(), Some("offline"));
        assert!(bob.contact(alice).await["last_active_at_ms"].as_u64().unwrap() <= now_ms());
        let mut phone = alice.connect().await;
        // The end of the earlier presence may come first. With a time in the future, clients would skip all later
        // events.
        let mut status = json!("offline");
        while status == "offline" {
            let event = laptop.next_presence(alice, Instant::now() + DEADLINE).await;
            assert!(event["last_active_at_ms"].as_u64().unwrap() <= now_ms(), "{event}");
            status = event["status"].clone();
        }
        assert_eq!(laptop.status_of(alice).await.as_deref(), Some("online"));
        let shown = laptop.ask(json!({"action": "presence", "users": [alice.id]})).await;
        assert!(shown["users"][0]["last_active_at_ms"].as_u64().unwrap() <= now_ms(), "{shown}");
        phone.send(&json!({"action": "typing", "conversation": dm})).await;
        assert_eq!(laptop.next("typing").await["user"], alice.id);
        let read = json!({"action": "read", "conversation": dm, "seq": 2});
        assert_eq!(laptop.ask(read).await["type"], "ok");
        assert_eq!(phone.next("receipt").await["read_seq"], 2);
        phone.assert_alive().await;
        let last = Instant::now();
        phone.cut();
        laptop.sees_offline(alice, last).await;
    }
}

async fn check(ahead: Duration) {
    let Some(clock) = ClockAhead::by(ahead).await else { return };
    let data = TempDir::new();
    let args = |listen: &str| {
        let data = data.path().to_str().expect("a path in UTF-8");
        let args = ["--listen", listen, "--data", data].into_iter().chain(times::FLAGS);
        command(&args.collect::<Vec<_>>())
    };
    let confab = Runner::of(clock.shown_to(&mut args("127.0.0.1:0"))).await;
    let chat = confab.chat();
    let (past, sockets) = Past::of(&chat, ahead).await;
    let listen = confab.http.strip_prefix("http://").unwrap().to_owned();
    confab.kill().await;
    drop(sockets);
    // At the same address, so that clients are counted as the same.
    let confab = Runner::of(&mut args(&listen)).await;
    past.can_do_everything(&chat).await;
    past.is_notified_of().await;
    confab.kill().await;
}

#[tokio::test]
async fn a_clock_that_was_two_hours_ahead_locks_no_user_out() {
    check(2 * HOUR).await;
}

#[tokio::test]
async fn a_clock_that_was_two_days_ahead_locks_no_user_out() {
    check(48 * HOUR).await;
}
