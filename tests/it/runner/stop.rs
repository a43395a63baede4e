//! Stop of the program.

use std::collections::BTreeSet;

use serde_json::json;
use tests::runner::{Runner, TempDir};
use tests::{Received, User};

async fn check_stops_at(signal: &str) {
    let confab = Runner::start(&["--memory"]).await;
    let [alice, bob] = confab.chat().users().await;
    let mut sockets = [alice.connect().await, alice.connect().await, bob.connect().await];
    sockets[0].assert_alive().await;
    confab.signal(signal).await;
    for socket in &mut sockets {
        assert_eq!(socket.next_close().await, 1001);
    }
    assert_eq!(confab.ended().await.0.code(), Some(0));
}

#[tokio::test]
async fn sigterm_closes_sockets_with_1001_and_ends_it_with_0() {
    check_stops_at("TERM").await;
}

#[tokio::test]
async fn sigint_closes_sockets_with_1001_and_ends_it_with_0() {
    check_stops_at("INT").await;
}

#[tokio::test]
async fn a_socket_that_does_not_answer_does_not_delay_the_stop() {
    let confab = Runner::start(&["--memory"]).await;
    let silent = confab.chat().user().await.connect().await;
    confab.signal("TERM").await;
    assert_eq!(confab.ended().await.0.code(), Some(0));
    silent.cut();
}

#[tokio::test]
async fn requests_in_progress_are_finished_and_answered() {
    let data = TempDir::new();
    let confab = Runner::with_data(data.path()).await;
    let [alice, bob] = confab.chat().users().await;
    let mut phone = alice.connect().await;
    for n in 0..24 {
        phone.send(&json!({"action": "send", "id": format!("{n}"), "to": bob.id, "text": "x"})).await;
    }
    let mut answers = vec![phone.next_frame().await];
    confab.signal("TERM").await;
    loop {
        match phone.receive("answers and the end").await {
            Received::Frame(answer) => answers.push(answer),
            Received::Closed(code) => break assert_eq!(code, 1001),
            Received::Pong(_) => {}
        }
    }
    assert_eq!(confab.ended().await.0.code(), Some(0));

    let confab = Runner::with_data(data.path()).await;
    let bob = User { http: confab.chat().http.with_token(&bob.access_token), ..bob };
    let acked: BTreeSet<&str> = answers
        .iter()
        .filter(|answer| answer["type"] == "ack")
        .map(|ack| ack["id"].as_str().unwrap())
        .collect();
    let log = bob.log(&alice.dm(&bob)).await;
    let kept: BTreeSet<&str> =
        log.iter().map(|message| message["client_message_id"].as_str().unwrap()).collect();
    assert_eq!(acked, kept);
}
