//! Idle sockets: connected, with nobody at the device.

use serde_json::{Value, json};
use tests::{Chat, Socket, User, times};
use tokio::time::Instant;

/// Reports a socket as idle.
async fn is_idle(socket: &mut Socket) {
    let answer = socket.ask(json!({"action": "heartbeat", "idle": true})).await;
    assert_eq!(answer["type"], "heartbeat", "{answer}");
}

/// The presence of a user as a friend sees it.
async fn seen(socket: &mut Socket, user: &User) -> Value {
    socket.presence_of(&[user]).await.remove(0)
}

/// Alice, and Bob with a registered phone that is not connected, and a connected laptop.
async fn scene() -> (User, User, Socket, String) {
    let [alice, phone] = Chat::new().friends().await;
    phone.register("apns").await;
    let laptop = phone.another_device().await.connect().await;
    let dm = alice.dm(&phone);
    (alice, phone, laptop, dm)
}

#[tokio::test]
async fn an_idle_user_is_alerted_and_gets_the_event_too() {
    let (alice, phone, mut laptop, dm) = scene().await;
    is_idle(&mut laptop).await;
    alice.post_text(&dm, "hello").await;
    laptop.next_at(&dm, 1).await;
    phone.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn a_user_whose_frame_ends_idleness_is_not_alerted() {
    let (alice, phone, mut laptop, dm) = scene().await;
    alice.post_text(&dm, "first").await;
    laptop.next_at(&dm, 1).await;
    let back = [
        json!({"action": "heartbeat"}),
        json!({"action": "heartbeat", "idle": false}),
        json!({"action": "send", "to": dm, "text": "I am back."}),
        json!({"action": "read", "conversation": dm, "seq": 1}),
    ];
    for frame in back {
        is_idle(&mut laptop).await;
        laptop.ask(frame).await;
        let ack = alice.post_text(&dm, "again").await;
        laptop.next_at(&dm, ack["seq"].as_u64().unwrap()).await;
    }
    is_idle(&mut laptop).await;
    let mut alices = alice.connect().await;
    laptop.send(&json!({"action": "typing", "conversation": dm})).await;
    alices.next("typing").await;
    alice.post_text(&dm, "last").await;
    phone.is_alerted_to(&dm, &[]).await;
}

/// The user is attended by the other socket throughout; the activity of this one counts once the other is closed.
#[tokio::test]
async fn a_user_who_returned_at_one_socket_is_attended_after_the_other_was_closed() {
    let (alice, phone, mut laptop, dm) = scene().await;
    let tablet = phone.another_device().await;
    let mut attended = tablet.connect().await;
    attended.assert_alive().await;
    is_idle(&mut laptop).await;
    laptop.say(&dm, "I am back.").await;
    tablet.http.post("/v1/logout", &json!({})).await.no_content();
    let ack = alice.post_text(&dm, "hello").await;
    laptop.next_at(&dm, ack["seq"].as_u64().unwrap()).await;
    phone.is_alerted_to(&dm, &[]).await;
}

#[tokio::test]
async fn frames_that_do_not_mention_idleness_leave_a_user_idle() {
    let (alice, phone, mut laptop, dm) = scene().await;
    is_idle(&mut laptop).await;
    laptop.sync_frames(json!({"cursors": {}})).await;
    laptop.presence_of(&[&alice]).await;
    let mut new = phone.another_device().await.connect().await;
    new.sync_frames(json!({"cursors": {}})).await;
    alice.post_text(&dm, "hello").await;
    phone.is_alerted_to(&dm, &[1]).await;
    new.assert_alive().await;
    alice.post_text(&dm, "somebody is there").await;
    phone.is_alerted_to(&dm, &[1]).await;
}

#[tokio::test]
async fn an_attended_socket_does_not_count_once_it_is_closed() {
    let (alice, phone, mut laptop, dm) = scene().await;
    let tablet = phone.another_device().await;
    let mut attended = tablet.connect().await;
    attended.assert_alive().await;
    is_idle(&mut laptop).await;
    alice.post_text(&dm, "hello").await;
    phone.is_alerted_to(&dm, &[]).await;
    tablet.http.post("/v1/logout", &json!({})).await.no_content();
    alice.post_text(&dm, "hello").await;
    phone.is_alerted_to(&dm, &[2]).await;
}

#[tokio::test]
async fn friends_see_that_a_user_is_idle_and_since_when() {
    let (alice, bob, mut laptop, _) = scene().await;
    let mut alices = alice.connect().await;
    laptop.assert_alive().await;
    let before = seen(&mut alices, &bob).await;
    assert_eq!((&before["status"], before.get("idle")), (&"online".into(), None), "{before}");
    alices.unseen().await;
    let since = Instant::now();
    while since.elapsed() < times::presence_timeout() + times::heartbeat() {
        is_idle(&mut laptop).await;
        alices.listen_until(Instant::now() + times::heartbeat()).await;
        alices.assert_alive().await;
    }
    let idle = seen(&mut alices, &bob).await;
    assert_eq!((&idle["status"], &idle["idle"]), (&"online".into(), &true.into()), "{idle}");
    assert_eq!(idle["last_active_at_ms"], before["last_active_at_ms"]);
    let listed = alice.contact(&bob).await;
    assert_eq!((&listed["idle"], &listed["last_active_at_ms"]), (&true.into(), &before["last_active_at_ms"]));
    let own = seen(&mut laptop, &bob).await;
    assert_eq!(own["idle"], true);
    alices.gets_no_event(&bob, "online").await;
    alices.gets_no_event(&bob, "offline").await;

    laptop.assert_alive().await;
    let back = seen(&mut alices, &bob).await;
    assert_eq!(back.get("idle"), None);
    assert!(back["last_active_at_ms"].as_u64() > before["last_active_at_ms"].as_u64(), "{back}");
}

#[tokio::test]
async fn idle_that_is_no_truth_value_is_refused() {
    let [alice] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    for idle in [json!(1), json!("true"), json!({})] {
        let error = phone.refused(json!({"action": "heartbeat", "idle": idle}), "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains("idle"), "{error}");
    }
    phone.ask(json!({"action": "heartbeat", "idle": null})).await;
}
