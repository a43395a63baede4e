//! Each message gives its own alert, and none gives two.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Chat, Push, User, fresh_id};

/// Alice, and Bob, who is not connected and whose phone is registered.
async fn away() -> (User, User, String) {
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    let dm = alice.dm(&bob);
    (alice, bob, dm)
}

fn largest_badge(pushes: &[Push]) -> Option<u64> {
    pushes.iter().map(|push| push.badge).max()
}

#[tokio::test]
async fn a_message_sent_again_gives_no_second_alert() {
    let (alice, bob, dm) = away().await;
    let frame = json!({"action": "send", "id": "again", "to": bob.id, "text": "once"});
    let body = json!({"client_message_id": "again", "text": "once"});
    let (mut phone, mut tablet) = (alice.connect().await, alice.another_device().await.connect().await);
    phone.deliver(frame.clone()).await;
    bob.next_alert(&dm, 1).await;
    for _ in 0..3 {
        assert_eq!(phone.deliver(frame.clone()).await["duplicate"], true);
        assert_eq!(tablet.deliver(frame.clone()).await["duplicate"], true);
        assert_eq!(alice.post_message(&dm, &body).await.ok()["duplicate"], true);
    }
    bob.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_message_sent_many_times_concurrently_gives_one_alert() {
    let (alice, bob, dm) = away().await;
    for seq in 1..=4 {
        let body = json!({"client_message_id": fresh_id(), "text": "once"});
        let answers = join_all((0..6).map(|_| alice.post_message(&dm, &body))).await;
        let acked = answers.into_iter().filter(|answer| answer.status == 200).count();
        assert!(acked > 0);
        bob.next_alert(&dm, seq).await;
    }
    bob.is_alerted_to(&dm, &[1, 2, 3, 4]).await;
}

#[tokio::test]
async fn a_message_of_a_group_sent_again_gives_no_second_alert() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    bob.register("apns").await;
    carol.register("fcm").await;
    let body = json!({"client_message_id": "again", "text": "once"});
    for _ in 0..4 {
        assert_eq!(alice.post_message(&group, &body).await.ok()["seq"], 2);
    }
    bob.is_alerted_to(&group, &[2]).await;
    carol.is_alerted_to(&group, &[2]).await;
}

#[tokio::test]
async fn twenty_messages_give_twenty_alerts() {
    let (alice, bob, dm) = away().await;
    let mut phone = alice.connect().await;
    for _ in 0..20 {
        phone.say(&bob.id, "still there?").await;
    }
    bob.is_alerted_to(&dm, &(1..=20).collect::<Vec<_>>()).await;
    let pushes = bob.pushes().await;
    assert_eq!((largest_badge(&pushes), bob.unread_sum().await), (Some(20), 20), "{pushes:?}");
}

#[tokio::test]
async fn a_hundred_messages_in_a_burst_give_a_hundred_alerts() {
    let (alice, bob, dm) = away().await;
    let mut phone = alice.connect().await;
    for batch in 0..5 {
        for n in 0..20 {
            let id = format!("burst-{batch}-{n}");
            phone.send(&json!({"action": "send", "id": id, "to": bob.id, "text": "x"})).await;
        }
        for n in 0..20 {
            let id = format!("burst-{batch}-{n}");
            if phone.answer_to(&id).await["type"] != "ack" {
                phone.deliver(json!({"action": "send", "id": id, "to": bob.id, "text": "x"})).await;
            }
        }
    }
    bob.is_alerted_to(&dm, &(1..=100).collect::<Vec<_>>()).await;
    assert_eq!(largest_badge(&bob.pushes().await), Some(100));
}

#[tokio::test]
async fn two_concurrent_writers_both_give_alerts() {
    let [bob, writers @ ..] = Chat::new().users::<5>().await;
    bob.register("apns").await;
    let group = writers[0].create_group(&[&bob, &writers[1], &writers[2], &writers[3]]).await;
    for user in &writers {
        user.register("fcm").await;
    }
    let write = async |user: &User| {
        for _ in 0..5 {
            user.post_blindly(&group, "me first").await;
        }
    };
    join_all(writers.iter().map(write)).await;
    bob.is_alerted_to(&group, &(2..=21).collect::<Vec<_>>()).await;
    let log = bob.log(&group).await;
    for user in &writers {
        let others = log.iter().filter(|entry| entry["kind"] == "text" && entry["sender"] != user.id);
        let seqs: Vec<u64> = others.map(|entry| entry["seq"].as_u64().unwrap()).collect();
        user.is_alerted_to(&group, &seqs).await;
        assert_eq!(largest_badge(&user.pushes().await), Some(15));
    }
    assert_eq!(largest_badge(&bob.pushes().await), Some(20));
}

#[tokio::test]
async fn writers_in_several_conversations_all_give_alerts() {
    let [bob, writers @ ..] = Chat::new().users::<6>().await;
    bob.register("apns").await;
    let write = async |user: &User| {
        for _ in 0..4 {
            user.post_text(&user.dm(&bob), "hello").await;
        }
    };
    join_all(writers.iter().map(write)).await;
    for user in &writers {
        bob.is_alerted_to(&user.dm(&bob), &[1, 2, 3, 4]).await;
    }
    assert_eq!(bob.pushes().await.len(), 20);
}

#[tokio::test]
async fn a_user_who_connects_and_disconnects_is_alerted_only_to_messages_while_offline() {
    let (alice, bob, dm) = away().await;
    let mut while_away = Vec::new();
    for _ in 0..6 {
        let mut socket = bob.connect().await;
        socket.stay_awake();
        let seq = alice.post_text(&dm, "now?").await["seq"].as_u64().unwrap();
        socket.next_at(&dm, seq).await;
        socket.close().await;
        bob.is_gone().await;
        while_away.push(alice.post_text(&dm, "gone?").await["seq"].as_u64().unwrap());
    }
    bob.is_alerted_to(&dm, &while_away).await;
}
