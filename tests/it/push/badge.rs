//! The badge is the number of unread messages in the chat list, without muted conversations.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, Socket, User};

/// A time far in the future.
const FAR_AHEAD_MS: u64 = 32_503_680_000_000;

/// Bob, who is not connected and whose phone is registered, and others.
async fn away<const N: usize>() -> (User, [User; N]) {
    let chat = Chat::new();
    let bob = chat.user().await;
    bob.register("apns").await;
    (bob, chat.users().await)
}

/// Posts a message and checks that the alert has this badge, and that it agrees with the chat list.
async fn check(bob: &User, writer: &User, conversation: &str, badge: u64) {
    let seq = writer.post_text(conversation, "hello").await["seq"].as_u64().unwrap();
    let push = bob.next_alert(conversation, seq).await;
    assert_eq!((push.badge, bob.unread_sum().await), (badge, badge), "{push:?}");
}

/// Bob reads on a device of his own that disconnects afterwards.
async fn read(bob: &User, conversation: &str, seq: u64) {
    let mut laptop = bob.another_device().await.connect().await;
    let answer = laptop.ask(json!({"action": "read", "conversation": conversation, "seq": seq})).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    leave(bob, laptop).await;
}

/// Closes a socket, and waits until no device of the user is connected.
async fn leave(user: &User, socket: Socket) {
    socket.close().await;
    user.is_gone().await;
}

#[tokio::test]
async fn messages_add_up() {
    let (bob, [alice]) = away().await;
    for badge in 1..=5 {
        check(&bob, &alice, &alice.dm(&bob), badge).await;
    }
}

#[tokio::test]
async fn conversations_add_up() {
    let (bob, [alice, carol, dave]) = away().await;
    for round in 0..3 {
        for (place, writer) in [&alice, &carol, &dave].into_iter().enumerate() {
            let badge = round * 3 + u64::try_from(place).unwrap() + 1;
            check(&bob, writer, &writer.dm(&bob), badge).await;
        }
    }
}

#[tokio::test]
async fn messages_from_before_the_registration_count() {
    let chat = Chat::new();
    let [alice, bob, carol] = chat.users().await;
    for _ in 0..3 {
        alice.post_text(&alice.dm(&bob), "before").await;
    }
    chat.pushes_settle().await;
    bob.register("apns").await;
    check(&bob, &carol, &carol.dm(&bob), 4).await;
    check(&bob, &alice, &alice.dm(&bob), 5).await;
}

#[tokio::test]
async fn messages_left_unread_while_connected_count() {
    let (bob, [alice, carol]) = away().await;
    let mut phone = bob.connect().await;
    phone.stay_awake();
    for seq in 1..=3 {
        alice.post_text(&alice.dm(&bob), "seen and not read").await;
        phone.next_at(&alice.dm(&bob), seq).await;
    }
    leave(&bob, phone).await;
    check(&bob, &carol, &carol.dm(&bob), 4).await;
    check(&bob, &alice, &alice.dm(&bob), 5).await;
    let mut phone = bob.connect().await;
    phone.stay_awake();
    carol.post_text(&carol.dm(&bob), "seen and not read").await;
    phone.next_at(&carol.dm(&bob), 2).await;
    leave(&bob, phone).await;
    check(&bob, &alice, &alice.dm(&bob), 7).await;
}

#[tokio::test]
async fn changes_of_a_group_and_ones_own_messages_do_not_count() {
    let (bob, [alice, carol]) = away().await;
    let group = alice.create_group(&[&bob]).await;
    check(&bob, &alice, &group, 1).await;
    alice.put_member(&group, &carol, None).await.ok();
    alice.rename_group(&group, "Bouldering").await.ok();
    check(&bob, &alice, &group, 2).await;
    bob.post_blindly(&group, "from a device without a socket").await;
    check(&bob, &carol, &group, 3).await;
    alice.put_member(&group, &carol, Some("admin")).await.ok();
    check(&bob, &alice, &alice.dm(&bob), 4).await;
    alice.remove_member(&group, &carol).await.no_content();
    check(&bob, &alice, &alice.dm(&bob), 5).await;
    check(&bob, &alice, &group, 6).await;
}

#[tokio::test]
async fn read_messages_do_not_count() {
    let (bob, [alice, carol]) = away().await;
    let dm = alice.dm(&bob);
    for badge in 1..=4 {
        check(&bob, &alice, &dm, badge).await;
    }
    read(&bob, &dm, 3).await;
    check(&bob, &alice, &dm, 2).await;
    check(&bob, &carol, &carol.dm(&bob), 3).await;
    read(&bob, &dm, 5).await;
    check(&bob, &carol, &carol.dm(&bob), 2).await;
    check(&bob, &alice, &dm, 3).await;
}

#[tokio::test]
async fn messages_read_in_another_conversation_do_not_count() {
    let (bob, [alice, carol, dave]) = away().await;
    for (badge, writer) in [(1, &alice), (2, &carol), (3, &dave)] {
        check(&bob, writer, &writer.dm(&bob), badge).await;
    }
    read(&bob, &alice.dm(&bob), 1).await;
    check(&bob, &dave, &dave.dm(&bob), 3).await;
    read(&bob, &carol.dm(&bob), 1).await;
    check(&bob, &dave, &dave.dm(&bob), 3).await;
}

#[tokio::test]
async fn the_first_alert_after_everything_was_read_shows_one() {
    let (bob, [alice, carol]) = away().await;
    let group = carol.create_group(&[&bob]).await;
    check(&bob, &alice, &alice.dm(&bob), 1).await;
    check(&bob, &carol, &group, 2).await;
    read(&bob, &alice.dm(&bob), 1).await;
    read(&bob, &group, 2).await;
    assert_eq!(bob.unread_sum().await, 0);
    check(&bob, &carol, &group, 1).await;
}

#[tokio::test]
async fn muted_conversations_do_not_count() {
    let (bob, [alice, carol]) = away().await;
    for badge in 1..=3 {
        check(&bob, &alice, &alice.dm(&bob), badge).await;
    }
    bob.mute(&alice.dm(&bob), FAR_AHEAD_MS).await;
    check(&bob, &carol, &carol.dm(&bob), 1).await;
    alice.post_text(&alice.dm(&bob), "psst").await;
    bob.chat().pushes_settle().await;
    check(&bob, &carol, &carol.dm(&bob), 2).await;
}

#[tokio::test]
async fn messages_under_a_mute_count_once_it_is_ended() {
    let (bob, [alice, carol]) = away().await;
    let dm = alice.dm(&bob);
    check(&bob, &alice, &dm, 1).await;
    check(&bob, &carol, &carol.dm(&bob), 2).await;
    bob.mute(&dm, FAR_AHEAD_MS).await;
    for _ in 0..2 {
        alice.post_text(&dm, "psst").await;
    }
    bob.chat().pushes_settle().await;
    check(&bob, &carol, &carol.dm(&bob), 2).await;
    bob.mute(&dm, Value::Null).await;
    check(&bob, &carol, &carol.dm(&bob), 6).await;
    check(&bob, &alice, &dm, 7).await;
}

#[tokio::test]
async fn messages_under_a_mute_from_the_start_count_once_it_is_ended() {
    let (bob, [alice, carol]) = away().await;
    let group = alice.create_group(&[&bob]).await;
    bob.mute(&group, FAR_AHEAD_MS).await;
    check(&bob, &carol, &carol.dm(&bob), 1).await;
    for _ in 0..3 {
        alice.post_text(&group, "psst").await;
    }
    bob.chat().pushes_settle().await;
    check(&bob, &carol, &carol.dm(&bob), 2).await;
    bob.mute(&group, json!(1)).await;
    check(&bob, &carol, &carol.dm(&bob), 6).await;
}

#[tokio::test]
async fn a_group_that_the_user_has_left_does_not_count() {
    let (bob, [alice, carol]) = away().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    check(&bob, &alice, &group, 1).await;
    check(&bob, &carol, &group, 2).await;
    check(&bob, &carol, &carol.dm(&bob), 3).await;
    bob.leave(&group).await;
    check(&bob, &carol, &carol.dm(&bob), 2).await;
    let path = format!("/v1/conversations/{group}");
    bob.http.patch(&path, &json!({"accept_adds": true})).await.ok();
    alice.put_member(&group, &bob, None).await.ok();
    check(&bob, &carol, &carol.dm(&bob), 3).await;
    check(&bob, &alice, &group, 4).await;
    alice.delete_group(&group).await.no_content();
    check(&bob, &carol, &carol.dm(&bob), 4).await;
}

#[tokio::test]
async fn messages_from_a_time_without_pushes_count() {
    let (bob, [alice, carol]) = away().await;
    check(&bob, &alice, &alice.dm(&bob), 1).await;
    bob.unregister().await;
    for _ in 0..2 {
        carol.post_text(&carol.dm(&bob), "without a push").await;
    }
    bob.chat().pushes_settle().await;
    bob.register("fcm").await;
    check(&bob, &alice, &alice.dm(&bob), 4).await;
    check(&bob, &carol, &carol.dm(&bob), 5).await;
}

#[tokio::test]
async fn messages_from_a_short_connection_count() {
    let (bob, [alice, carol]) = away().await;
    for visit in 0..3 {
        check(&bob, &alice, &alice.dm(&bob), visit * 2 + 1).await;
        let mut phone = bob.connect().await;
        let seq = carol.post_text(&carol.dm(&bob), "seen and not read").await["seq"].as_u64().unwrap();
        phone.next_at(&carol.dm(&bob), seq).await;
        leave(&bob, phone).await;
    }
    check(&bob, &alice, &alice.dm(&bob), 7).await;
}

#[tokio::test]
async fn every_device_has_the_same_badge() {
    let (bob, [alice, carol]) = away().await;
    let tablet = bob.another_device().await;
    tablet.register("fcm").await;
    check(&bob, &alice, &alice.dm(&bob), 1).await;
    check(&bob, &carol, &carol.dm(&bob), 2).await;
    assert_eq!(tablet.next_alert(&alice.dm(&bob), 1).await.badge, 1);
    let push = tablet.next_alert(&carol.dm(&bob), 1).await;
    assert_eq!((push.badge, &push.payload["message"]["data"]["badge"]), (2, &"2".into()));
}

#[tokio::test]
async fn after_many_concurrent_messages_the_next_alert_has_the_sum() {
    let (bob, writers) = away::<4>().await;
    let group = writers[0].create_group(&[&bob, &writers[1], &writers[2], &writers[3]]).await;
    let write = async |user: &User| {
        let dm = user.dm(&bob);
        for _ in 0..4 {
            tokio::join!(user.post_text(&dm, "hello"), user.post_text(&group, "hello"));
        }
    };
    join_all(writers.iter().map(write)).await;
    bob.chat().pushes_settle().await;
    assert_eq!(bob.unread_sum().await, 32);
    check(&bob, &writers[0], &writers[0].dm(&bob), 33).await;
    check(&bob, &writers[1], &group, 34).await;
}

#[tokio::test]
async fn of_concurrent_alerts_of_several_conversations_one_has_the_sum() {
    for _ in 0..10 {
        let (bob, writers) = away::<3>().await;
        let dms: Vec<String> = writers.iter().map(|writer| writer.dm(&bob)).collect();
        join_all(writers.iter().zip(&dms).map(|(writer, dm)| writer.post_text(dm, "hello"))).await;
        for dm in &dms {
            bob.next_alert(dm, 1).await;
        }
        let badges: Vec<u64> = bob.pushes().await.iter().map(|push| push.badge).collect();
        assert_eq!(badges.iter().max(), Some(&3), "{badges:?}");
    }
}

#[tokio::test]
async fn reads_concurrent_with_messages_leave_the_next_badge_right() {
    let (bob, [alice, carol]) = away().await;
    let (dm, other) = (alice.dm(&bob), carol.dm(&bob));
    for badge in 1..=3 {
        check(&bob, &alice, &dm, badge).await;
    }
    let write = async {
        for _ in 0..4 {
            tokio::join!(alice.post_text(&dm, "hello"), carol.post_text(&other, "hello"));
        }
    };
    tokio::join!(write, read(&bob, &dm, 3));
    bob.chat().pushes_settle().await;
    let unread = bob.unread_sum().await;
    assert_eq!(unread, 8);
    check(&bob, &carol, &other, unread + 1).await;
    check(&bob, &alice, &dm, unread + 2).await;
}
