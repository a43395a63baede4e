//! Read marks that move with their users' messages.

use serde_json::{Value, json};
use tests::{Chat, Socket, User, fresh_id};

struct Scene {
    alice: User,
    bob: User,
    phone: Socket,
    dm: String,
}

/// Bob has sent three messages; Alice is connected, and has read none.
async fn three_messages_of_bob() -> Scene {
    let [alice, bob] = Chat::new().users().await;
    let (phone, dm) = (alice.connect().await, alice.dm(&bob));
    for text in ["one", "two", "three"] {
        bob.post_text(&dm, text).await;
    }
    Scene { alice, bob, phone, dm }
}

fn send(to: &str, read_seq: &Value) -> Value {
    json!({"action": "send", "id": fresh_id(), "to": to, "text": "hello", "read_seq": read_seq})
}

async fn check(user: &User, conversation: &str, read_seq: u64, unread_count: u64) {
    let row = user.listed(conversation).await;
    assert_eq!((&row["read_seq"], &row["unread_count"]), (&read_seq.into(), &unread_count.into()), "{row}");
    let path = format!("/v1/conversations/{conversation}/receipts");
    let receipts = user.http.get(&path).await.ok();
    let receipts = receipts["receipts"].as_array().unwrap();
    let own = receipts.iter().find(|receipt| receipt["user"] == user.id.as_str());
    assert_eq!(own.map_or(0, |own| own["read_seq"].as_u64().unwrap()), read_seq, "{receipts:?}");
}

#[tokio::test]
async fn a_message_marks_everything_before_it_as_read() {
    let Scene { alice, bob, mut phone, dm } = three_messages_of_bob().await;
    check(&alice, &dm, 0, 3).await;
    phone.say(&bob.id, "hello").await;
    check(&alice, &dm, 3, 0).await;
}

#[tokio::test]
async fn a_message_over_http_marks_as_well() {
    let Scene { alice, dm, .. } = three_messages_of_bob().await;
    let body = json!({"client_message_id": fresh_id(), "text": "hello", "read_seq": 1});
    alice.post_message(&dm, &body).await.ok();
    check(&alice, &dm, 1, 2).await;
    alice.post_text(&dm, "hello").await;
    check(&alice, &dm, 4, 0).await;
}

#[tokio::test]
async fn a_message_in_a_group_marks_as_well() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    for n in 0..3 {
        bob.post_text(&group, &format!("message {n}")).await;
    }
    alice.connect().await.say(&group, "hello").await;
    check(&alice, &group, 4, 0).await;
}

#[tokio::test]
async fn a_message_from_an_outbox_marks_only_what_its_author_had_read() {
    let Scene { alice, bob, mut phone, dm } = three_messages_of_bob().await;
    for (read_seq, marker, unread) in [(0, 0, 3), (2, 2, 1), (1, 2, 1)] {
        phone.deliver(send(&bob.id, &read_seq.into())).await;
        check(&alice, &dm, marker, unread).await;
    }
    phone.deliver(send(&bob.id, &Value::Null)).await;
    check(&alice, &dm, 6, 0).await;
}

#[tokio::test]
async fn nothing_beyond_the_message_is_marked() {
    let Scene { alice, bob, mut phone, dm } = three_messages_of_bob().await;
    phone.deliver(send(&bob.id, &999.into())).await;
    check(&alice, &dm, 3, 0).await;
    bob.post_text(&dm, "four").await;
    check(&alice, &dm, 3, 1).await;
}

#[tokio::test]
async fn a_position_that_is_none_is_refused_and_nothing_is_sent() {
    let Scene { alice, bob, mut phone, dm } = three_messages_of_bob().await;
    for wrong in [json!(-1), json!(1.5), json!("2"), json!([2]), json!(1_u64 << 60)] {
        phone.refused(send(&bob.id, &wrong), "bad_request").await;
    }
    assert_eq!(alice.log(&dm).await.len(), 3);
    check(&alice, &dm, 0, 3).await;
}

#[tokio::test]
async fn the_other_members_get_the_message_and_no_receipt() {
    let Scene { bob, mut phone, .. } = three_messages_of_bob().await;
    let mut bobs = bob.connect().await;
    phone.say(&bob.id, "hello").await;
    assert_eq!(bobs.next_event().await["type"], "message");
    bobs.assert_quiet().await;
}

#[tokio::test]
async fn a_message_sent_again_marks_no_more_than_the_first_time() {
    let Scene { alice, bob, mut phone, dm } = three_messages_of_bob().await;
    let frame = send(&bob.id, &Value::Null);
    phone.deliver(frame.clone()).await;
    bob.post_text(&dm, "four").await;
    assert_eq!(phone.deliver(frame).await["duplicate"], true);
    check(&alice, &dm, 3, 1).await;
}

#[tokio::test]
async fn a_users_own_messages_are_never_unread() {
    let Scene { alice, bob, mut phone, dm } = three_messages_of_bob().await;
    for n in 0..40 {
        phone.say(&bob.id, &format!("message {n}")).await;
    }
    let row = alice.listed(&dm).await;
    assert_eq!(row["unread_count"], 0, "{row}");
    let lag = row["last_seq"].as_u64().unwrap() - row["read_seq"].as_u64().unwrap();
    assert!(lag <= 16, "{row}");
}
