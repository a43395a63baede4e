//! Read marks.

use serde_json::{Value, json};
use tests::{Chat, Socket, User};

struct Scene {
    alice: User,
    bob: User,
    phone: Socket,
    dm: String,
}

/// Alice has sent three messages, and is connected.
async fn three_messages() -> Scene {
    let [alice, bob] = Chat::new().users().await;
    let (mut phone, dm) = (alice.connect().await, alice.dm(&bob));
    for text in ["one", "two", "three"] {
        phone.say(&bob.id, text).await;
    }
    Scene { alice, bob, phone, dm }
}

fn read(conversation: &str, seq: u64) -> Value {
    json!({"action": "read", "conversation": conversation, "seq": seq})
}

async fn check_listed(user: &User, conversation: &str, read_seq: u64, unread_count: u64) {
    let row = user.listed(conversation).await;
    assert_eq!((&row["read_seq"], &row["unread_count"]), (&read_seq.into(), &unread_count.into()));
}

#[tokio::test]
async fn a_read_sends_a_receipt_to_every_other_device() {
    let Scene { alice, bob, mut phone, dm } = three_messages().await;
    let (mut bobs, mut laptop) = (bob.connect().await, bob.another_device().await.connect().await);
    let mut tablet = alice.another_device().await.connect().await;
    let answer = bobs.ask(read(&dm, 2)).await;
    assert_eq!(answer["type"], "ok");
    let receipt = json!({"type": "receipt", "conversation": dm, "user": bob.id, "read_seq": 2});
    for socket in [&mut phone, &mut laptop, &mut tablet] {
        assert_eq!(socket.next_event().await, receipt);
    }
    bobs.assert_quiet().await;
}

#[tokio::test]
async fn reading_without_an_id_gets_no_answer() {
    let Scene { bob, mut phone, dm, .. } = three_messages().await;
    let mut bobs = bob.connect().await;
    bobs.send(&read(&dm, 3)).await;
    assert_eq!(phone.next("receipt").await["read_seq"], 3);
    bobs.assert_quiet().await;
}

#[tokio::test]
async fn a_marker_counts_what_is_unread() {
    let Scene { bob, dm, .. } = three_messages().await;
    let mut bobs = bob.connect().await;
    check_listed(&bob, &dm, 0, 3).await;
    bobs.ask(read(&dm, 2)).await;
    check_listed(&bob, &dm, 2, 1).await;
    bobs.ask(read(&dm, 3)).await;
    check_listed(&bob, &dm, 3, 0).await;
}

#[tokio::test]
async fn own_messages_are_not_unread() {
    let Scene { alice, bob, dm, .. } = three_messages().await;
    check_listed(&alice, &dm, 0, 0).await;
    bob.post_text(&dm, "four").await;
    check_listed(&alice, &dm, 0, 1).await;
    check_listed(&bob, &dm, 3, 0).await;
    alice.post_text(&dm, "five").await;
    check_listed(&alice, &dm, 4, 0).await;
    check_listed(&bob, &dm, 3, 1).await;
}

#[tokio::test]
async fn a_marker_never_goes_back() {
    let Scene { bob, mut phone, dm, .. } = three_messages().await;
    let mut bobs = bob.connect().await;
    bobs.ask(read(&dm, 3)).await;
    assert_eq!(phone.next("receipt").await["read_seq"], 3);
    assert_eq!(bobs.ask(read(&dm, 1)).await["type"], "ok");
    check_listed(&bob, &dm, 3, 0).await;
    phone.assert_quiet().await;
}

#[tokio::test]
async fn a_repeated_read_sends_one_receipt() {
    let Scene { bob, mut phone, dm, .. } = three_messages().await;
    let mut bobs = bob.connect().await;
    bobs.ask(read(&dm, 3)).await;
    bobs.ask(read(&dm, 3)).await;
    phone.next("receipt").await;
    phone.assert_quiet().await;
}

#[tokio::test]
async fn nobody_reads_beyond_the_end() {
    let Scene { bob, mut phone, dm, .. } = three_messages().await;
    let mut bobs = bob.connect().await;
    let error = bobs.refused(read(&dm, 4), "bad_request").await;
    assert!(error["message"].as_str().unwrap().contains("seq"), "{error}");
    check_listed(&bob, &dm, 0, 3).await;
    phone.assert_quiet().await;
}

#[tokio::test]
async fn a_conversation_without_messages_cannot_be_read() {
    let [alice, bob] = Chat::new().users().await;
    alice.connect().await.refused(read(&alice.dm(&bob), 1), "bad_request").await;
    assert!(alice.chat_list().await.is_empty());
}

#[tokio::test]
async fn each_user_has_their_own_marker() {
    let Scene { alice, bob, mut phone, dm } = three_messages().await;
    bob.post_text(&dm, "four").await;
    phone.ask(read(&dm, 4)).await;
    check_listed(&alice, &dm, 4, 0).await;
    check_listed(&bob, &dm, 3, 0).await;
}

#[tokio::test]
async fn everybody_sees_how_far_everybody_has_read() {
    let Scene { alice, bob, dm, .. } = three_messages().await;
    let path = format!("/v1/conversations/{dm}/receipts");
    bob.connect().await.ask(read(&dm, 2)).await;
    for user in [&alice, &bob] {
        let receipts = user.http.get(&path).await.ok();
        let receipts = receipts["receipts"].as_array().unwrap();
        assert_eq!(receipts.len(), 2, "{receipts:?}");
        assert!(receipts.contains(&json!({"user": alice.id, "read_seq": 0})), "{receipts:?}");
        assert!(receipts.contains(&json!({"user": bob.id, "read_seq": 2})), "{receipts:?}");
    }
}

#[tokio::test]
async fn a_conversation_without_messages_has_no_receipts() {
    let [alice, bob] = Chat::new().users().await;
    let path = format!("/v1/conversations/{}/receipts", alice.dm(&bob));
    assert_eq!(alice.http.get(&path).await.ok(), json!({"receipts": []}));
}

#[tokio::test]
async fn of_concurrent_markers_the_highest_stays() {
    let Scene { bob, dm, .. } = three_messages().await;
    let mut sockets = [bob.connect().await, bob.connect().await, bob.connect().await];
    let [one, two, three] = &mut sockets;
    tokio::join!(three.ask(read(&dm, 3)), one.ask(read(&dm, 1)), two.ask(read(&dm, 2)));
    check_listed(&bob, &dm, 3, 0).await;
}
