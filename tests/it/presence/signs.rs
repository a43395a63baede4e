//! Any frame renews the lease of its sender.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, Socket, fresh_id, times};
use tokio::time::Instant;

/// Sends a frame at the heartbeat interval until that time, each with an `id` of its own.
async fn repeat(socket: &mut Socket, mut frame: Value, end: Instant) {
    let mut ticks = tokio::time::interval(times::heartbeat());
    while ticks.tick().await < end {
        frame["id"] = fresh_id().into();
        socket.send(&frame).await;
    }
}

#[tokio::test]
async fn frames_of_each_kind_keep_their_sender_online() {
    let bob = Chat::new().user().await;
    let mut bobs = bob.connect().await;
    bobs.stay_awake();
    let mut senders = Vec::new();
    for action in ["heartbeat", "send", "sync", "history", "read", "typing", "presence"] {
        let alice = Chat::new().user().await;
        alice.befriend(&bob).await;
        assert_eq!(
            bobs.next_presence(&alice, Instant::now() + times::notified_within()).await["status"],
            "offline"
        );
        let dm = alice.dm(&bob);
        bob.post_text(&dm, "hello").await;
        let frame = json!({"action": action, "conversation": dm, "seq": 1, "to": bob.id, "text": "hi",
                           "cursors": {}, "users": [bob.id]});
        let socket = alice.connect().await;
        bobs.sees_online(&alice, Instant::now()).await;
        senders.push((alice, socket, frame));
    }
    let end = Instant::now() + times::offline_within() + times::heartbeat();
    let sending = join_all(senders.iter_mut().map(|(_, socket, frame)| repeat(socket, frame.take(), end)));
    tokio::join!(sending, bobs.sees_no_presence_until(end));
    for (alice, socket, _) in &mut senders {
        assert_eq!(bobs.status_of(alice).await.as_deref(), Some("online"));
        let errors: Vec<Value> =
            socket.unseen().await.into_iter().filter(|frame| frame["type"] == "error").collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}
