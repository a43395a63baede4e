//! Syncs.

use serde_json::{Map, Value, json};
use tests::{Chat, User, synced};

/// Sends `count` short messages from one user to another; returns the conversation.
async fn chat_about(alice: &User, bob: &User, count: usize) -> String {
    let mut phone = alice.connect().await;
    for n in 1..=count {
        phone.say(&bob.id, &format!("message {n}")).await;
    }
    alice.dm(bob)
}

fn seqs(messages: &[Value]) -> Vec<u64> {
    messages.iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_device_gets_exactly_what_comes_after_its_cursor() {
    let [alice, bob] = Chat::new().users().await;
    let dm = chat_about(&alice, &bob, 5).await;
    let mut socket = bob.connect().await;
    for cursor in 0..=5_u64 {
        let missed = socket.missed(&dm, json!({&dm: cursor})).await;
        assert_eq!(seqs(&missed), (cursor + 1..=5).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_conversation_without_cursor_is_given_whole() {
    let [alice, bob, carol] = Chat::new().users().await;
    let with_alice = chat_about(&alice, &bob, 3).await;
    let with_carol = chat_about(&carol, &bob, 2).await;
    let frames = bob.connect().await.sync_frames(json!({"cursors": {&with_alice: 2}})).await;
    assert_eq!(seqs(&synced(&frames, &with_alice)), [3]);
    assert_eq!(seqs(&synced(&frames, &with_carol)), [1, 2]);
}

#[tokio::test]
async fn a_partial_sync_reads_only_the_conversations_that_it_names() {
    let [alice, bob, carol] = Chat::new().users().await;
    let with_alice = chat_about(&alice, &bob, 3).await;
    let with_carol = chat_about(&carol, &bob, 2).await;
    let mut socket = bob.connect().await;
    let frames = socket.sync_frames(json!({"cursors": {&with_alice: 1}, "partial": true})).await;
    assert_eq!(seqs(&synced(&frames, &with_alice)), [2, 3]);
    assert!(synced(&frames, &with_carol).is_empty());
    let frames = socket.sync_frames(json!({"cursors": {}, "partial": true})).await;
    assert_eq!(frames[0]["conversations"], json!([]));
    let frames = socket.sync_frames(json!({"cursors": {&with_alice: 1}, "partial": false})).await;
    assert_eq!(seqs(&synced(&frames, &with_carol)), [1, 2]);
}

#[tokio::test]
async fn a_limit_counts_per_conversation_from_the_oldest() {
    let [alice, bob, carol] = Chat::new().users().await;
    let with_alice = chat_about(&alice, &bob, 4).await;
    let with_carol = chat_about(&carol, &bob, 3).await;
    let frame = json!({"cursors": {&with_alice: 1}, "limit": 2});
    let frames = bob.connect().await.sync_frames(frame).await;
    assert_eq!(seqs(&synced(&frames, &with_alice)), [2, 3]);
    assert_eq!(seqs(&synced(&frames, &with_carol)), [1, 2]);
}

#[tokio::test]
async fn a_sync_returns_the_end_and_the_read_mark_of_each_conversation() {
    let [alice, bob] = Chat::new().users().await;
    let dm = chat_about(&alice, &bob, 3).await;
    let mut socket = bob.connect().await;
    socket.ask(json!({"action": "read", "conversation": dm, "seq": 2})).await;
    let frames = socket.sync_frames(json!({"cursors": {}, "limit": 1})).await;
    let part = &frames[0]["conversations"][0];
    assert_eq!((&part["kind"], &part["last_seq"], &part["read_seq"]), (&"dm".into(), &3.into(), &2.into()));
}

#[tokio::test]
async fn a_device_misses_nothing_that_comes_after_its_sync() {
    let [alice, bob] = Chat::new().users().await;
    let dm = chat_about(&alice, &bob, 1).await;
    let mut socket = bob.connect().await;
    assert_eq!(socket.missed(&dm, json!({})).await.len(), 1);
    let ack = alice.post_text(&dm, "later").await;
    assert_eq!(socket.next("message").await["seq"], ack["seq"]);
}

#[tokio::test]
async fn a_device_catches_up_after_each_cut() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let mut have = Vec::new();
    for round in 0..3 {
        let mut socket = bob.connect().await;
        alice.post_text(&dm, &format!("round {round}")).await;
        have.extend(socket.missed(&dm, json!({&dm: have.len()})).await);
        socket.cut();
        alice.post_text(&dm, "unseen").await;
    }
    have.extend(bob.connect().await.missed(&dm, json!({&dm: have.len()})).await);
    assert_eq!(seqs(&have), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn more_than_500_messages_come_in_several_frames() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let mut phone = alice.connect().await;
    for n in 1..=510 {
        phone.say(&bob.id, &format!("{n} {}", "x".repeat(200))).await;
    }
    let mut socket = bob.connect().await;
    let frames = socket.sync_frames(json!({"cursors": {}})).await;
    socket.assert_quiet().await;
    assert!(frames.len() > 3, "{}", frames.len());
    assert_eq!(seqs(&synced(&frames, &dm)), (1..=510).collect::<Vec<_>>());
}

#[tokio::test]
async fn large_messages_come_in_several_frames() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    for letter in ["a", "b", "c", "d"] {
        alice.post_text(&dm, &letter.repeat(20_000)).await;
    }
    let missed = bob.connect().await.missed(&dm, json!({})).await;
    assert_eq!(seqs(&missed), [1, 2, 3, 4]);
    assert!(missed.iter().all(|message| message["text"].as_str().unwrap().len() == 20_000));
}

#[tokio::test]
async fn a_wrong_sync_is_refused() {
    let [alice, bob] = Chat::new().users().await;
    let dm = chat_about(&alice, &bob, 1).await;
    let mut socket = bob.connect().await;
    for (field, value) in [
        ("cursors", json!([])),
        ("cursors", json!(null)),
        ("cursors", json!({"nonsense": 1})),
        ("cursors", json!({&dm: "1"})),
        ("limit", json!(0)),
        ("limit", json!("all")),
        ("partial", json!("yes")),
        ("after", json!(7)),
        ("after", json!("nonsense")),
    ] {
        let mut frame = json!({"action": "sync", "cursors": {}});
        frame[field] = value;
        let error = socket.refused(frame, "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
    assert_eq!(socket.missed(&dm, json!({})).await.len(), 1);
}

#[tokio::test]
async fn a_cursor_beyond_the_end_lacks_nothing() {
    let [alice, bob] = Chat::new().users().await;
    let dm = chat_about(&alice, &bob, 2).await;
    let mut socket = bob.connect().await;
    assert!(socket.missed(&dm, json!({&dm: 1000})).await.is_empty());
    assert!(socket.missed(&dm, json!({&dm: 9_007_199_254_740_991_u64})).await.is_empty());
}

#[tokio::test]
async fn cursors_of_conversations_without_messages_are_left_out() {
    let [alice, bob] = Chat::new().users().await;
    let dm = chat_about(&alice, &bob, 1).await;
    let own = bob.id.trim_start_matches("usr_");
    let strangers = (0..300).map(|n| format!("7ZZZZZZZZZZZZZZZZZZZZZZ{n:03}"));
    let mut cursors: Map<String, Value> =
        strangers.map(|stranger| (format!("dm_{own}_{stranger}"), 0.into())).collect();
    cursors.insert(dm.clone(), 0.into());
    let mut socket = bob.connect().await;
    for partial in [true, false] {
        let frames = socket.sync_frames(json!({"cursors": cursors, "partial": partial})).await;
        assert_eq!(frames[0]["conversations"].as_array().unwrap().len(), 1);
        assert_eq!(synced(&frames, &dm).len(), 1);
    }
}
