//! A socket that reads nothing, among others.

use serde_json::Value;
use tests::runner::Runner;
use tests::{DEADLINE, Socket, User};
use tokio::time::Instant;

/// Length of a text whose event is nearly as large as one may be.
const LARGE: usize = 23_000;

/// Large messages until every buffer on the way to a client is full: 4 MB of the gateway, and those of the system.
const LARGE_COUNT: usize = 450;

/// Messages after which a socket that reads nothing must have been closed.
const COUNT_MAX: usize = 3_000;

/// Interval of the checks of which users are connected. Unit: messages.
const CHECK_INTERVAL: usize = 10;

/// The close code of `too_slow`.
const TOO_SLOW: u16 = 4003;

/// Whether a device of the user is registered as connected.
async fn is_connected(user: &User, conversation: &str, seq: u64) -> bool {
    let explanation = user.chat().explanation(conversation, seq).await.ok();
    let members = explanation["members"].as_array().unwrap();
    let member = members.iter().find(|member| member["user"] == user.id).expect("a member");
    member["devices"].as_array().unwrap().iter().any(|device| device["connected"] == true)
}

/// Sends a message to a group, and waits until another member has it.
async fn say(alices: &mut Socket, group: &str, text: &str, bobs: &mut Socket) -> u64 {
    let seq = alices.say(group, text).await["seq"].clone();
    let event = bobs.next("message").await;
    assert_eq!(event["seq"], seq, "once each, one after the other");
    seq.as_u64().unwrap()
}

#[tokio::test]
async fn a_socket_that_reads_nothing_is_closed_and_all_others_get_every_event_once() {
    let confab = Runner::start(&["--memory"]).await;
    let [alice, bob, carol, dave] = confab.chat().friends().await;
    let mut carols = carol.connect().await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    // On a slow machine this lasts longer than a silent user stays online.
    bobs.stay_awake();
    carols.stay_awake();
    let group = alice.create_group(&[&bob, &carol]).await;
    bobs.next("message").await;
    let (large, mut daves) = ("x".repeat(LARGE), None);
    let mut count = 0;
    loop {
        let text = if count < LARGE_COUNT { &large } else { "x" };
        let seq = say(&mut alices, &group, text, &mut bobs).await;
        count += 1;
        if count == LARGE_COUNT {
            daves = Some(dave.connect().await);
        }
        if count.is_multiple_of(CHECK_INTERVAL) && !is_connected(&carol, &group, seq).await {
            break;
        }
        assert!(count < COUNT_MAX, "she is still connected");
    }
    assert_eq!(carols.next_close().await, TOO_SLOW);

    // On a slow machine her socket may have been closed before.
    let mut daves = match daves {
        Some(daves) => daves,
        None => dave.connect().await,
    };
    daves.assert_alive().await;
    assert_eq!(bobs.next_presence(&dave, Instant::now() + DEADLINE).await["status"], "online");
    bobs.gets_no_event(&dave, "online").await;
    let rest = bobs.unseen().await;
    let again: Vec<&Value> = rest.iter().filter(|event| event["type"] == "message").collect();
    assert!(again.is_empty(), "{again:?}");

    let mut carols = carol.connect().await;
    let seq = say(&mut alices, &group, "Are you back?", &mut bobs).await;
    assert_eq!(carols.next("message").await["seq"], seq);
}
