//! Events about contacts.

use serde_json::{Value, json};
use tests::{Chat, Socket, User};

/// The events about contacts that no test has read yet.
async fn contact_events(socket: &mut Socket) -> Vec<Value> {
    let mut unseen = socket.unseen().await;
    unseen.retain(|event| event["type"] == "contact");
    unseen
}

fn event(user: &User, change: &str) -> Value {
    json!({"type": "contact", "user": user.id, "change": change})
}

#[tokio::test]
async fn a_request_and_a_friendship_send_an_event_to_the_other_user() {
    let [alice, bob] = Chat::new().users().await;
    let mut alices = alice.connect().await;
    let mut bobs = [bob.connect().await, bob.another_device().await.connect().await];
    alice.put_contact(&bob).await.ok();
    for socket in &mut bobs {
        assert_eq!(socket.next("contact").await, event(&alice, "requested"));
    }
    bob.put_contact(&alice).await.ok();
    assert_eq!(alices.next("contact").await, event(&bob, "friends"));
    bob.put_contact(&alice).await.ok();
    assert!(contact_events(&mut alices).await.is_empty(), "no event without a change");
    for socket in &mut bobs {
        assert!(contact_events(socket).await.is_empty(), "no event to the user who made the change");
    }
}

#[tokio::test]
async fn the_end_of_a_friendship_sends_an_event_to_the_other_user() {
    let [alice, bob] = Chat::new().friends().await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    alice.remove_contact(&bob).await;
    assert_eq!(bobs.next("contact").await, event(&alice, "ended"));
    alice.remove_contact(&bob).await;
    bob.remove_contact(&alice).await;
    assert!(contact_events(&mut bobs).await.is_empty());
    assert!(contact_events(&mut alices).await.is_empty(), "no event to the user who ended it");
}

#[tokio::test]
async fn a_request_sends_an_event_once_a_day_and_its_withdrawal_each_time() {
    let [alice, bob] = Chat::new().users().await;
    let mut bobs = bob.connect().await;
    for _ in 0..3 {
        alice.put_contact(&bob).await.ok();
        alice.put_contact(&bob).await.ok();
        alice.remove_contact(&bob).await;
    }
    let changes: Vec<Value> =
        contact_events(&mut bobs).await.iter().map(|event| event["change"].clone()).collect();
    assert_eq!(changes, ["requested", "ended", "ended", "ended"]);
}

#[tokio::test]
async fn a_refused_request_sends_no_event() {
    let [alice, bob] = Chat::new().users().await;
    let (mut alices, mut bobs) = (alice.connect().await, bob.connect().await);
    alice.put_contact(&bob).await.ok();
    bobs.next("contact").await;
    bob.remove_contact(&alice).await;
    assert!(contact_events(&mut alices).await.is_empty());
    alice.remove_contact(&bob).await;
    assert!(contact_events(&mut bobs).await.is_empty(), "no event to a user who has removed the request");
}

#[tokio::test]
async fn a_block_and_acts_of_a_blocked_user_send_no_event() {
    let [alice, bob, carol] = Chat::new().users().await;
    alice.befriend(&carol).await;
    let mut sockets = [alice.connect().await, bob.connect().await, carol.connect().await];
    alice.block(&bob).await;
    bob.put_contact(&alice).await.ok();
    bob.remove_contact(&alice).await;
    alice.unblock(&bob).await;
    alice.block(&carol).await;
    carol.remove_contact(&alice).await;
    for socket in &mut sockets {
        let events = contact_events(socket).await;
        assert!(events.is_empty(), "{events:?}");
    }
}
