//! Registrations and alerts that survive the process.

use std::path::Path;

use serde_json::json;
use tests::runner::{Runner, TempDir};
use tests::{Chat, User, times};
use tokio::time::Instant;

async fn start(data: &Path) -> Runner {
    Runner::start(&[&["--data", data.to_str().unwrap()], &times::FLAGS[..]].concat()).await
}

/// The same device, at a server that has moved.
fn moved(user: &User, chat: &Chat) -> User {
    User { http: chat.http.with_token(&user.access_token), ..user.clone() }
}

/// Ends a runner, by a signal or by a kill.
async fn end(confab: Runner, hard: bool) {
    if hard {
        confab.kill().await;
    } else {
        confab.signal("TERM").await;
        confab.ended().await;
    }
}

#[tokio::test]
async fn registrations_and_sent_alerts_survive_a_restart_and_a_kill() {
    for hard in [false, true] {
        let data = TempDir::new();
        let confab = start(data.path()).await;
        let [alice, bob] = confab.chat().users().await;
        let dm = alice.dm(&bob);
        bob.register("apns").await;
        alice.post_text(&dm, "before").await;
        bob.next_alert(&dm, 1).await;
        end(confab, hard).await;

        let confab = start(data.path()).await;
        let [alice, bob] = [&alice, &bob].map(|user| moved(user, &confab.chat()));
        assert_eq!(bob.platform().await.as_deref(), Some("apns"));
        alice.post_text(&dm, "after").await;
        assert_eq!(bob.next_alert(&dm, 2).await.badge, 2);
        bob.is_alerted_to(&dm, &[1, 2]).await;
    }
}

#[tokio::test]
async fn a_device_that_ended_pushes_gets_none_after_a_kill() {
    let data = TempDir::new();
    let confab = start(data.path()).await;
    let [alice, bob] = confab.chat().users().await;
    let (dm, laptop) = (alice.dm(&bob), bob.another_device().await);
    laptop.register("fcm").await;
    bob.register("apns").await;
    bob.unregister().await;
    confab.kill().await;

    let confab = start(data.path()).await;
    let [alice, bob, laptop] = [&alice, &bob, &laptop].map(|user| moved(user, &confab.chat()));
    alice.post_text(&dm, "hello").await;
    laptop.is_alerted_to(&dm, &[1]).await;
    assert_eq!(bob.pushes().await.len(), 1);
}

#[tokio::test]
async fn an_alert_that_waits_for_the_timeout_comes_after_a_kill() {
    let data = TempDir::new();
    let confab = start(data.path()).await;
    let [alice, bob] = confab.chat().users().await;
    let (dm, mut socket) = (alice.dm(&bob), bob.connect().await);
    bob.register("apns").await;
    let last = socket.fall_silent().await;
    socket.listen_until(last + times::heartbeat() * 2).await;
    alice.post_text(&dm, "are you there?").await;
    socket.next_at(&dm, 1).await;
    // The task is stored by the time at which a later message of the same sender is acked and has its alert.
    confab.chat().pushes_settle().await;
    confab.kill().await;

    let confab = start(data.path()).await;
    let bob = moved(&bob, &confab.chat());
    bob.next_alert_by(Instant::now() + times::offline_within() * 2, &dm, 1).await;
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_kill_in_the_middle_of_alerts_gives_none_twice() {
    let data = TempDir::new();
    let confab = start(data.path()).await;
    let [alice, bob] = confab.chat().users().await;
    let (dm, mut phone) = (alice.dm(&bob), alice.connect().await);
    bob.register("apns").await;
    for n in 0..40 {
        phone.send(&json!({"action": "send", "id": format!("n{n}"), "to": bob.id, "text": "x"})).await;
    }
    let acked: u64 = {
        let mut acked = 0;
        while acked < 20 {
            acked += u64::from(phone.next_frame().await["type"] == "ack");
        }
        acked
    };
    confab.kill().await;

    let confab = start(data.path()).await;
    let [alice, bob] = [&alice, &bob].map(|user| moved(user, &confab.chat()));
    let seq = alice.post_text(&dm, "after").await["seq"].as_u64().unwrap();
    let push = bob.next_alert(&dm, seq).await;
    assert_eq!((push.badge, bob.unread_sum().await), (seq, seq));
    assert!(seq > acked);
    bob.chat().pushes_settle().await;
    let alerts = bob.alerts_in(&dm).await;
    let mut once = alerts.clone();
    once.dedup();
    assert_eq!(alerts, once);
}
