//! Alerts to messages in groups.

use tests::{Chat, User};

/// A group of Alice, who is connected, and three users who are not and whose phones are registered.
async fn group_of_four() -> ([User; 4], String) {
    let users = Chat::new().users::<4>().await;
    let [alice, bob, carol, dave] = &users;
    for user in [bob, carol, dave] {
        user.register("apns").await;
    }
    let group = alice.create_group(&[bob, carol, dave]).await;
    (users, group)
}

#[tokio::test]
async fn every_member_who_is_not_connected_is_alerted_but_the_sender() {
    let ([alice, bob, carol, dave], group) = group_of_four().await;
    alice.register("fcm").await;
    alice.post_text(&group, "hello").await;
    bob.post_blindly(&group, "hi").await;
    for (user, seqs) in [(&bob, &[2][..]), (&carol, &[2, 3]), (&dave, &[2, 3]), (&alice, &[3])] {
        user.is_alerted_to(&group, seqs).await;
    }
}

#[tokio::test]
async fn a_connected_member_is_not_alerted() {
    let ([alice, bob, carol, dave], group) = group_of_four().await;
    let (mut bobs, mut carols) = (bob.connect().await, carol.another_device().await.connect().await);
    bobs.stay_awake();
    carols.stay_awake();
    alice.connect().await.say(&group, "hello").await;
    bobs.next_at(&group, 2).await;
    carols.next_at(&group, 2).await;
    dave.is_alerted_to(&group, &[2]).await;
    bob.is_pushed_nothing().await;
    carol.is_pushed_nothing().await;
}

#[tokio::test]
async fn each_device_of_each_absent_member_is_alerted_once() {
    let ([alice, bob, carol, dave], group) = group_of_four().await;
    let tablets = [bob.another_device().await, carol.another_device().await];
    for tablet in &tablets {
        tablet.register("fcm").await;
    }
    alice.post_text(&group, "hello").await;
    for device in [&bob, &carol, &dave, &tablets[0], &tablets[1]] {
        device.is_alerted_to(&group, &[2]).await;
    }
    for (user, count) in [(&bob, 2), (&carol, 2), (&dave, 1)] {
        assert_eq!(user.pushes().await.len(), count);
    }
}

#[tokio::test]
async fn being_added_to_a_group_alerts_nobody() {
    let [alice, bob, carol] = Chat::new().users().await;
    bob.register("apns").await;
    carol.register("apns").await;
    let group = alice.create_group(&[&bob]).await;
    alice.put_member(&group, &carol, None).await.ok();
    bob.is_pushed_nothing().await;
    carol.is_pushed_nothing().await;
}

#[tokio::test]
async fn changes_of_a_group_alert_nobody() {
    let ([alice, bob, carol, dave], group) = group_of_four().await;
    alice.rename_group(&group, "Bouldering").await.ok();
    alice.put_member(&group, &carol, Some("admin")).await.ok();
    alice.remove_member(&group, &dave).await.no_content();
    alice.put_member(&group, &dave, None).await.ok();
    bob.leave(&group).await;
    for user in [&bob, &carol, &dave] {
        user.is_pushed_nothing().await;
    }
    let last = alice.post_text(&group, "hello").await["seq"].as_u64().unwrap();
    for user in [&carol, &dave] {
        user.is_alerted_to(&group, &[last]).await;
    }
    alice.delete_group(&group).await.no_content();
    carol.is_alerted_to(&group, &[last]).await;
}

#[tokio::test]
async fn a_user_who_has_left_or_was_removed_is_not_alerted() {
    let ([alice, bob, carol, dave], group) = group_of_four().await;
    bob.leave(&group).await;
    alice.remove_member(&group, &carol).await.no_content();
    let last = alice.post_text(&group, "who is left?").await["seq"].as_u64().unwrap();
    dave.is_alerted_to(&group, &[last]).await;
    bob.is_pushed_nothing().await;
    carol.is_pushed_nothing().await;
}

#[tokio::test]
async fn a_later_member_is_alerted_from_the_addition_on() {
    let ([alice, bob, ..], group) = group_of_four().await;
    let [erin] = alice.chat().users().await;
    erin.register("fcm").await;
    alice.post_text(&group, "before").await;
    bob.next_alert(&group, 2).await;
    alice.put_member(&group, &erin, None).await.ok();
    let last = alice.post_text(&group, "after").await["seq"].as_u64().unwrap();
    erin.is_alerted_to(&group, &[last]).await;
    assert_eq!(erin.next_alert(&group, last).await.badge, 1);
}

#[tokio::test]
async fn a_member_who_was_added_again_is_alerted_to_later_messages() {
    let ([alice, bob, carol, _], group) = group_of_four().await;
    alice.post_text(&group, "one").await;
    bob.next_alert(&group, 2).await;
    alice.remove_member(&group, &bob).await.no_content();
    let missed = alice.post_text(&group, "without bob").await["seq"].as_u64().unwrap();
    carol.next_alert(&group, missed).await;
    alice.put_member(&group, &bob, None).await.ok();
    let last = alice.post_text(&group, "with bob").await["seq"].as_u64().unwrap();
    bob.is_alerted_to(&group, &[2, last]).await;
    let push = bob.next_alert(&group, last).await;
    assert_eq!((push.badge, bob.unread_sum().await), (1, 1));
}

#[tokio::test]
async fn a_message_concurrent_with_a_removal_alerts_only_members() {
    for _ in 0..6 {
        let ([alice, bob, carol, dave], group) = group_of_four().await;
        let (_, gone) = tokio::join!(carol.post_text(&group, "quickly"), alice.remove_member(&group, &bob));
        gone.no_content();
        let last = carol.post_text(&group, "later").await["seq"].as_u64().unwrap();
        dave.next_alert(&group, last).await;
        bob.chat().pushes_settle().await;
        let left = alice.log(&group).await;
        let left = left.iter().find(|entry| entry["kind"] == "member_removed").unwrap();
        let pushes = bob.pushes().await;
        assert!(pushes.iter().all(|push| Some(push.seq) < left["seq"].as_u64()), "{left}: {pushes:?}");
    }
}

#[tokio::test]
async fn a_group_of_twenty_five_has_one_alert_per_absent_member() {
    if tests::signups_are_slow() {
        return;
    }
    let crowd = Chat::new().crowd(25).await;
    let [alice, others @ ..] = &crowd[..] else { panic!("nobody") };
    for user in others {
        user.register("apns").await;
    }
    let group = alice.create_group(&others.iter().collect::<Vec<_>>()).await;
    alice.post_text(&group, "hello all").await;
    for user in others {
        user.next_alert(&group, 2).await;
    }
    alice.chat().pushes_settle().await;
    for user in others {
        let pushes = user.pushes().await;
        assert_eq!((pushes.len(), pushes[0].badge), (1, 1), "{pushes:?}");
    }
}

/// Queues take no message that contains such a character.
#[tokio::test]
async fn a_group_whose_name_has_odd_characters_alerts_as_any_other() {
    let ([alice, bob, ..], group) = group_of_four().await;
    alice.rename_group(&group, "Team <&> \"\\ שלום 🙂").await.ok();
    alice.post_text(&group, "hello \u{fffe}\u{ffff}\u{1}").await;
    bob.is_alerted_to(&group, &[3]).await;
}
