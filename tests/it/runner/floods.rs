//! A flood is refused, and affects only its author.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::runner::Runner;
use tests::{Socket, User};

/// Size of the runner's burst of frames of a user.
const FRAMES_BURST: usize = 200;

/// More frames than are refilled while they are answered.
const FLOOD: usize = 3_000;

/// Sends unknown frames; returns the refusals among the answers.
async fn flood(socket: &mut Socket) -> Vec<Value> {
    let mut refused = Vec::new();
    for n in 0..FLOOD {
        let answer = socket.ask(json!({"action": "flood", "n": n})).await;
        match answer["code"].as_str() {
            Some("unknown_action") => assert!(refused.is_empty() || n > FRAMES_BURST),
            Some("rate_limited") => refused.push(answer),
            _ => panic!("{answer}"),
        }
        if refused.len() > 20 {
            break;
        }
    }
    refused
}

async fn is_undisturbed(bob: &User, bobs: &mut Socket) {
    bobs.assert_alive().await;
    bob.chat_list().await;
}

#[tokio::test]
async fn a_flood_of_frames_is_refused_until_its_author_has_waited() {
    let confab = Runner::start(&["--memory"]).await;
    let [alice, bob] = confab.chat().users().await;
    let (mut phone, mut bobs) = (alice.connect().await, bob.connect().await);
    let refused = flood(&mut phone).await;
    assert!(!refused.is_empty(), "no limit");
    let wait_ms = refused.iter().map(|answer| answer["retry_after_ms"].as_u64().unwrap()).max().unwrap();
    assert!((1..=25).contains(&wait_ms), "{wait_ms}");
    is_undisturbed(&bob, &mut bobs).await;
    // A budget belongs to the user, for all devices; another budget is not affected.
    let mut laptop = alice.another_device().await.connect().await;
    assert_eq!(laptop.say(&bob.id, "still heard").await["seq"], 1);
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    let answer = phone.ask(json!({"action": "heartbeat"})).await;
    assert_eq!(answer["type"], "heartbeat", "{answer}");
}

#[tokio::test]
async fn tickets_of_a_user_come_in_bursts_of_60() {
    let confab = Runner::start(&["--memory"]).await;
    let [alice, bob] = confab.chat().users().await;
    let mut passed = 0;
    let refused = loop {
        let answer = alice.http.post("/v1/tickets", &json!({})).await;
        if answer.status != 200 {
            break answer;
        }
        passed += 1;
        assert!(passed < FLOOD, "no limit");
    };
    assert!(passed >= 60, "{passed}");
    let retry_after = refused.headers["retry-after"].to_str().unwrap().to_owned();
    let wait_ms = refused.refused(429, "rate_limited")["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1_000).contains(&wait_ms) && retry_after == "1", "{wait_ms} {retry_after}");
    bob.http.post("/v1/tickets", &json!({})).await.ok();
}

#[tokio::test]
async fn changes_of_contacts_and_profile_are_refused_beyond_an_hours_number() {
    let confab = Runner::start(&["--memory"]).await;
    let [alice, bob, carol] = confab.chat().users().await;
    for n in 0..10 {
        match n % 4 {
            0 => drop(alice.put_contact(&bob).await.ok()),
            1 => alice.remove_contact(&bob).await,
            2 => alice.block(&bob).await,
            _ => alice.unblock(&bob).await,
        }
    }
    let refused = alice.put_contact(&bob).await.refused(429, "rate_limited");
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 60_000, "{refused}");
    alice.put_contact(&carol).await.ok();
    bob.put_contact(&alice).await.ok();
    for n in 0..20 {
        alice.http.patch("/v1/me", &json!({"display_name": format!("Alice {n}")})).await.ok();
    }
    alice.http.patch("/v1/me", &json!({"display_name": "Alice"})).await.refused(429, "rate_limited");
    bob.http.patch("/v1/me", &json!({"display_name": "Bob"})).await.ok();
}

/// Concurrent handshakes of one device, as of a program that reconnects without a pause.
const HANDSHAKES: usize = 600;

/// Largest number of open sockets of one device.
const SOCKETS_PER_DEVICE_MAX: usize = 5;

/// Sends heartbeats, one after the other, until `is_over`; returns how many were answered. `cargo xtask bench` measures
/// how long they take.
async fn heartbeats(socket: &mut Socket, is_over: &Cell<bool>) -> usize {
    let mut answered = 0;
    while !is_over.get() {
        let answer = socket.ask(json!({"action": "heartbeat"})).await;
        // Beyond the user's burst a heartbeat is answered too.
        assert!(answer["type"] == "heartbeat" || answer["code"] == "rate_limited", "{answer}");
        answered += usize::from(!is_over.get());
    }
    answered
}

#[tokio::test]
async fn of_600_concurrent_handshakes_five_sockets_stay_open_and_a_bystander_is_answered() {
    let confab = Runner::start(&["--memory"]).await;
    let [alice, bob] = confab.chat().users().await;
    let (url, mut bobs, is_over) = (alice.ticket_url().await, bob.connect().await, Cell::new(false));
    let flood = async {
        let opened = join_all((0..HANDSHAKES).map(|_| Socket::try_open(&url, None))).await;
        is_over.set(true);
        opened
    };
    let (opened, answered) = join(flood, heartbeats(&mut bobs, &is_over)).await;
    assert!(answered >= 3, "the bystander waited: {answered} answers");
    let refused = opened.iter().filter_map(|socket| socket.as_ref().err());
    refused.for_each(|status| assert_eq!(*status, 429));
    let asked = opened.into_iter().flatten().map(|mut socket| async move {
        let answer = socket.ask_unless_closed(json!({"action": "heartbeat"})).await;
        answer.is_some_and(|answer| answer["type"] == "heartbeat").then_some(socket)
    });
    let going_on: Vec<Socket> = join_all(asked).await.into_iter().flatten().collect();
    let count = going_on.len();
    assert!((1..=SOCKETS_PER_DEVICE_MAX).contains(&count), "{count} sockets stay open");
    is_undisturbed(&bob, &mut bobs).await;
}
