//! A read on one device clears the alerts on the others.

use serde_json::json;
use tests::{Chat, Push, Socket, User};

/// Shortest time between two clears of one conversation to one device. Unit: milliseconds.
const QUIET_MS: u64 = 5_000;

/// Largest delay of a push after the time that is stored for it. Unit: milliseconds.
const JITTER_MS: u64 = 1_000;

/// A time far in the future.
const FAR_AHEAD_MS: u64 = 32_503_680_000_000;

struct Scene {
    alice: User,
    phone: User,
    laptop: User,
    dm: String,
}

/// Bob's phone was alerted to some messages of Alice; his laptop is also registered if `laptop_too`.
async fn alerted(count: u64, laptop_too: bool) -> Scene {
    let [alice, phone] = Chat::new().users().await;
    let laptop = phone.another_device().await;
    phone.register("apns").await;
    if laptop_too {
        laptop.register("fcm").await;
    }
    let dm = alice.dm(&phone);
    for seq in 1..=count {
        alice.post_text(&dm, "hello").await;
        phone.next_alert(&dm, seq).await;
    }
    Scene { alice, phone, laptop, dm }
}

async fn read(socket: &mut Socket, conversation: &str, seq: u64) {
    let answer = socket.ask(json!({"action": "read", "conversation": conversation, "seq": seq})).await;
    assert_eq!(answer["type"], "ok", "{answer}");
}

async fn check_cleared(device: &User, conversation: &str, expected: &[(u64, u64)]) {
    device.chat().pushes_settle().await;
    let clearings = device.clearings_of(conversation).await;
    let cleared: Vec<(u64, u64)> = clearings.iter().map(|push| (push.seq, push.badge)).collect();
    assert_eq!(cleared, expected, "{clearings:?}");
}

#[tokio::test]
async fn a_read_on_the_laptop_clears_the_alerts_on_the_phone() {
    let Scene { alice, phone, laptop, dm } = alerted(3, true).await;
    read(&mut laptop.connect().await, &dm, 2).await;
    let push = phone.next_clearing(&dm, 2).await;
    assert_eq!((push.badge, phone.unread_sum().await), (1, 1));
    check_cleared(&phone, &dm, &[(2, 1)]).await;
    check_cleared(&laptop, &dm, &[]).await;
    let alices = alice.pushes().await;
    assert!(alices.is_empty(), "{alices:?}");
}

#[tokio::test]
async fn every_other_device_is_cleared() {
    let Scene { phone, laptop, dm, .. } = alerted(1, true).await;
    let tablet = phone.another_device().await;
    tablet.register("fcm").await;
    read(&mut phone.connect().await, &dm, 1).await;
    for device in [&laptop, &tablet] {
        device.next_clearing(&dm, 1).await;
        check_cleared(device, &dm, &[(1, 0)]).await;
    }
    check_cleared(&phone, &dm, &[]).await;
}

#[tokio::test]
async fn the_only_device_gets_no_clear_for_its_own_read() {
    let Scene { phone, dm, .. } = alerted(2, false).await;
    let mut socket = phone.connect().await;
    read(&mut socket, &dm, 1).await;
    read(&mut socket, &dm, 2).await;
    check_cleared(&phone, &dm, &[]).await;
}

#[tokio::test]
async fn a_conversation_without_an_alert_is_not_cleared() {
    let Scene { alice, phone, laptop, dm } = alerted(0, false).await;
    let mut socket = laptop.connect().await;
    socket.stay_awake();
    for seq in 1..=3 {
        alice.post_text(&dm, "hello").await;
        socket.next_at(&dm, seq).await;
    }
    read(&mut socket, &dm, 3).await;
    phone.is_pushed_nothing().await;
}

#[tokio::test]
async fn reading_in_another_conversation_clears_nothing() {
    let Scene { alice, phone, laptop, dm } = alerted(2, false).await;
    let [carol] = phone.chat().users().await;
    let mut socket = laptop.connect().await;
    socket.stay_awake();
    let other = carol.dm(&phone);
    carol.post_text(&other, "hello").await;
    socket.next_at(&other, 1).await;
    read(&mut socket, &other, 1).await;
    check_cleared(&phone, &other, &[]).await;
    check_cleared(&phone, &dm, &[]).await;
    read(&mut socket, &dm, 2).await;
    phone.next_clearing(&dm, 2).await;
    drop(alice);
}

#[tokio::test]
async fn each_conversation_is_cleared_by_itself() {
    let Scene { phone, laptop, dm, .. } = alerted(2, false).await;
    let [carol] = phone.chat().users().await;
    let group = carol.create_group(&[&phone]).await;
    carol.post_text(&group, "hello").await;
    phone.next_alert(&group, 2).await;
    let mut socket = laptop.connect().await;
    read(&mut socket, &dm, 2).await;
    assert_eq!(phone.next_clearing(&dm, 2).await.badge, 1);
    read(&mut socket, &group, 2).await;
    assert_eq!(phone.next_clearing(&group, 2).await.badge, 0);
    check_cleared(&phone, &dm, &[(2, 1)]).await;
    check_cleared(&phone, &group, &[(2, 0)]).await;
}

#[tokio::test]
async fn a_read_is_cleared_once() {
    let Scene { alice, phone, laptop, dm } = alerted(2, false).await;
    let mut socket = laptop.connect().await;
    socket.stay_awake();
    read(&mut socket, &dm, 2).await;
    phone.next_clearing(&dm, 2).await;
    read(&mut socket, &dm, 2).await;
    read(&mut socket, &dm, 1).await;
    alice.post_text(&dm, "seen at once").await;
    socket.next_at(&dm, 3).await;
    read(&mut socket, &dm, 3).await;
    let quiet = std::time::Duration::from_millis(QUIET_MS + JITTER_MS);
    socket.listen_until(tokio::time::Instant::now() + quiet).await;
    check_cleared(&phone, &dm, &[(2, 0)]).await;
}

#[tokio::test]
async fn a_burst_of_reads_is_cleared_at_its_start_and_five_seconds_later_up_to_its_end() {
    let Scene { phone, laptop, dm, .. } = alerted(10, false).await;
    let mut socket = laptop.connect().await;
    socket.stay_awake();
    for seq in 1..=10 {
        read(&mut socket, &dm, seq).await;
    }
    phone.next_clearing(&dm, 10).await;
    phone.chat().pushes_settle().await;
    let clearings = phone.clearings_of(&dm).await;
    assert!(clearings.len() <= 2, "{clearings:?}");
    check_last(&clearings, 10, 0);
}

#[tokio::test]
async fn continuous_reads_are_cleared_at_most_every_five_seconds_and_none_is_lost() {
    let Scene { phone, laptop, dm, .. } = alerted(12, false).await;
    let mut socket = laptop.connect().await;
    socket.stay_awake();
    let begun = tokio::time::Instant::now();
    for seq in 1..=12_u32 {
        read(&mut socket, &dm, seq.into()).await;
        socket.listen_until(begun + std::time::Duration::from_millis(600) * seq).await;
    }
    phone.next_clearing(&dm, 12).await;
    phone.chat().pushes_settle().await;
    let clearings = phone.clearings_of(&dm).await;
    // The reads take 7 seconds, so one clear comes immediately, one 5 seconds later and the last one 5 seconds after
    // that.
    assert!((2..=4).contains(&clearings.len()), "{clearings:?}");
    check_last(&clearings, 12, 0);
}

/// Checks that positions rise, that clears keep their distance, and that the last one is right.
#[track_caller]
fn check_last(clearings: &[Push], read_seq: u64, badge: u64) {
    for pair in clearings.windows(2) {
        assert!(pair[0].seq < pair[1].seq, "{pair:?}");
        let between = pair[1].sent_at_ms - pair[0].sent_at_ms;
        assert!(between + JITTER_MS >= QUIET_MS, "{between} ms between {pair:?}");
    }
    let last = clearings.last().unwrap();
    assert_eq!((last.seq, last.badge), (read_seq, badge));
}

#[tokio::test]
async fn two_devices_that_read_in_turn_clear_each_other() {
    let Scene { phone, laptop, dm, .. } = alerted(2, true).await;
    let (mut phones, mut laptops) = (phone.connect().await, laptop.connect().await);
    phones.stay_awake();
    laptops.stay_awake();
    read(&mut laptops, &dm, 1).await;
    assert_eq!(phone.next_clearing(&dm, 1).await.badge, 1);
    read(&mut phones, &dm, 2).await;
    assert_eq!(laptop.next_clearing(&dm, 2).await.badge, 0);
}

#[tokio::test]
async fn a_delayed_clear_has_the_present_badge() {
    let Scene { alice, phone, laptop, dm } = alerted(3, false).await;
    let mut socket = laptop.connect().await;
    read(&mut socket, &dm, 1).await;
    phone.next_clearing(&dm, 1).await;
    read(&mut socket, &dm, 3).await;
    socket.close().await;
    phone.is_gone().await;
    alice.post_text(&dm, "meanwhile").await;
    assert_eq!(phone.next_alert(&dm, 4).await.badge, 1);
    assert_eq!(phone.next_clearing(&dm, 3).await.badge, 1);
    check_cleared(&phone, &dm, &[(1, 2), (3, 1)]).await;
}

#[tokio::test]
async fn two_devices_that_read_at_the_same_time_are_both_cleared() {
    let Scene { phone, laptop, dm, .. } = alerted(3, true).await;
    let (mut phones, mut laptops) = (phone.connect().await, laptop.connect().await);
    phones.stay_awake();
    laptops.stay_awake();
    read(&mut laptops, &dm, 1).await;
    assert_eq!(phone.next_clearing(&dm, 1).await.badge, 2);
    // Both come within the five seconds: the phone is not cleared up to the second message, nor the laptop up to the
    // third.
    read(&mut laptops, &dm, 2).await;
    read(&mut phones, &dm, 3).await;
    assert_eq!(laptop.next_clearing(&dm, 3).await.badge, 0);
}

#[tokio::test]
async fn after_a_clear_the_next_message_is_alerted_and_cleared_again() {
    let Scene { alice, phone, laptop, dm } = alerted(1, false).await;
    let mut socket = laptop.connect().await;
    read(&mut socket, &dm, 1).await;
    phone.next_clearing(&dm, 1).await;
    socket.close().await;
    phone.is_gone().await;
    alice.post_text(&dm, "again").await;
    assert_eq!(phone.next_alert(&dm, 2).await.badge, 1);
    read(&mut laptop.connect().await, &dm, 2).await;
    phone.next_clearing(&dm, 2).await;
    check_cleared(&phone, &dm, &[(1, 0), (2, 0)]).await;
}

#[tokio::test]
async fn the_badge_of_a_clear_leaves_out_muted_conversations() {
    let Scene { phone, laptop, dm, .. } = alerted(2, false).await;
    let [carol, dave] = phone.chat().users().await;
    for writer in [&carol, &dave] {
        writer.post_text(&writer.dm(&phone), "hello").await;
        phone.next_alert(&writer.dm(&phone), 1).await;
    }
    phone.mute(&carol.dm(&phone), FAR_AHEAD_MS).await;
    read(&mut laptop.connect().await, &dm, 1).await;
    let push = phone.next_clearing(&dm, 1).await;
    assert_eq!((push.badge, phone.unread_sum().await), (2, 2));
}

#[tokio::test]
async fn alerts_of_a_group_are_cleared_as_well() {
    let [alice, phone, carol] = Chat::new().users().await;
    let laptop = phone.another_device().await;
    phone.register("apns").await;
    carol.register("apns").await;
    let group = alice.create_group(&[&phone, &carol]).await;
    for seq in 2..=4 {
        alice.post_text(&group, "hello").await;
        phone.next_alert(&group, seq).await;
        carol.next_alert(&group, seq).await;
    }
    read(&mut laptop.connect().await, &group, 3).await;
    let push = phone.next_clearing(&group, 3).await;
    assert_eq!((push.badge, phone.unread_sum().await), (1, 1));
    check_cleared(&carol, &group, &[]).await;
}

#[tokio::test]
async fn a_device_without_a_registration_gets_no_clear() {
    let Scene { phone, laptop, dm, .. } = alerted(1, false).await;
    phone.unregister().await;
    read(&mut laptop.connect().await, &dm, 1).await;
    check_cleared(&phone, &dm, &[]).await;
}
