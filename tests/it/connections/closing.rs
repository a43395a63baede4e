//! Sockets that the server closes, and what they can still do until then.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Chat, Socket, User};

/// Largest number of open sockets of one device.
const SOCKETS_PER_DEVICE_MAX: usize = 5;

/// The sockets of those of so many concurrent handshakes that succeed.
async fn flood(user: &User, count: usize) -> Vec<Socket> {
    let url = user.ticket_url().await;
    let opened = join_all((0..count).map(|_| Socket::try_open(&url, None))).await;
    let refused = opened.iter().filter_map(|socket| socket.as_ref().err());
    refused.for_each(|status| assert_eq!(*status, 429));
    opened.into_iter().filter_map(Result::ok).collect()
}

/// Checks that no request is carried out for sockets whose login has ended.
async fn none_reads_or_writes(sockets: Vec<Socket>, bob: &User, dm: &str) {
    let tried = sockets.into_iter().map(|mut socket| {
        let (to, dm) = (bob.id.clone(), dm.to_owned());
        async move {
            for frame in [
                json!({"action": "send", "to": to, "text": "from beyond"}),
                json!({"action": "sync", "cursors": {}}),
                json!({"action": "history", "conversation": dm}),
                json!({"action": "read", "conversation": dm, "seq": 1}),
                json!({"action": "heartbeat"}),
            ] {
                match socket.ask_unless_closed(frame).await {
                    None => return,
                    Some(answer) => assert_eq!(answer["code"], "unauthenticated", "{answer}"),
                }
            }
            panic!("a socket stays open");
        }
    });
    join_all(tried).await;
}

#[tokio::test]
async fn the_sixth_socket_of_a_device_displaces_its_oldest_and_no_other() {
    let alice = Chat::new().user().await;
    let mut other = alice.another_device().await.connect().await;
    let mut sockets = Vec::new();
    for _ in 0..=SOCKETS_PER_DEVICE_MAX {
        sockets.push(alice.connect().await);
    }
    sockets[0].next_closing("displaced", 4001).await;
    for socket in &mut sockets[1..] {
        socket.assert_alive().await;
    }
    other.assert_alive().await;
}

#[tokio::test]
async fn a_logout_closes_every_socket_of_the_device_with_its_reason() {
    let [alice, bob] = Chat::new().users().await;
    let mut sockets = [alice.connect().await, alice.connect().await];
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    bob.post_text(&bob.dm(&alice), "too late").await;
    for socket in &mut sockets {
        let closing = socket.next_frame().await;
        assert_eq!((&closing["type"], &closing["reason"]), (&"closing".into(), &"logged_out".into()));
        socket.next_close().await;
    }
}

#[tokio::test]
async fn another_login_on_the_device_closes_what_the_first_one_opened() {
    let first = Chat::new().user().await;
    let mut socket = first.connect().await;
    let second = first.log_in(json!({"id": first.device})).await;
    let mut newer = second.connect().await;
    socket.next_closing("logged_out", 4002).await;
    newer.assert_alive().await;
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_closes_the_sockets_of_its_login() {
    let alice = Chat::new().user().await;
    let mut socket = alice.connect().await;
    let renewed = alice.renewed(&alice.refresh().await.ok());
    renewed.refresh().await.ok();
    alice.refresh().await.refused(401, "unauthenticated");
    socket.next_closing("logged_out", 4002).await;
}

/// However many sockets were opened, and whichever of them were still opening when the others were displaced.
#[tokio::test]
async fn of_many_concurrent_handshakes_no_socket_reads_or_writes_after_its_device_was_logged_out() {
    let [alice, bob] = Chat::new().users().await;
    let laptop = alice.another_device().await;
    let dm = alice.dm(&bob);
    bob.post_text(&dm, "before").await;
    let sockets = flood(&alice, 120).await;
    assert!(!sockets.is_empty());
    laptop.http.delete(&format!("/v1/devices/{}", alice.device)).await.no_content();
    bob.post_text(&dm, "after").await;
    none_reads_or_writes(sockets, &bob, &dm).await;
    let texts: Vec<String> =
        bob.log(&dm).await.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts, ["before", "after"]);
    assert_eq!(laptop.listed(&dm).await["read_seq"], 0);
}

#[tokio::test]
async fn of_many_concurrent_handshakes_no_socket_reads_or_writes_after_an_old_refresh_token_was_used() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    bob.post_text(&dm, "before").await;
    let renewed = alice.renewed(&alice.refresh().await.ok());
    let newest = renewed.renewed(&renewed.refresh().await.ok());
    let sockets = flood(&newest, 120).await;
    assert!(!sockets.is_empty());
    alice.refresh().await.refused(401, "unauthenticated");
    none_reads_or_writes(sockets, &bob, &dm).await;
    assert_eq!(bob.log(&dm).await.len(), 1);
}

#[tokio::test]
async fn of_many_concurrent_handshakes_no_socket_reads_or_writes_after_an_eleventh_login() {
    let [first, bob] = Chat::new().users().await;
    let dm = first.dm(&bob);
    bob.post_text(&dm, "before").await;
    let mut others = Vec::new();
    for _ in 2..=10 {
        others.push(first.another_device().await.connect().await);
    }
    // All ten devices are connected, so the eleventh login ends the oldest.
    let sockets = flood(&first, 60).await;
    assert!(!sockets.is_empty());
    let eleventh = first.another_device().await;
    first.assert_logged_out().await;
    none_reads_or_writes(sockets, &bob, &dm).await;
    for socket in &mut others {
        socket.assert_alive().await;
    }
    assert_eq!(eleventh.log(&dm).await.len(), 1);
}

#[tokio::test]
async fn of_many_concurrent_handshakes_five_sockets_stay_open_and_other_devices_are_unharmed() {
    let alice = Chat::new().user().await;
    let mut other = alice.another_device().await.connect().await;
    let sockets = flood(&alice, 200).await;
    let asked = sockets.into_iter().map(|mut socket| async move {
        let answer = socket.ask_unless_closed(json!({"action": "heartbeat"})).await;
        answer.filter(|answer| answer["type"] == "heartbeat").map(|_| socket)
    });
    let going_on: Vec<Socket> = join_all(asked).await.into_iter().flatten().collect();
    let count = going_on.len();
    assert!((1..=SOCKETS_PER_DEVICE_MAX).contains(&count), "{count} sockets stay open");
    other.assert_alive().await;
    for mut socket in going_on {
        socket.assert_alive().await;
    }
}
