//! Typing events.

use serde_json::json;
use tests::{Chat, Socket, User, fresh_id};
use tokio::time::Instant;

const NOBODY: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// Size of a burst of typing events of one user.
const BURST: u64 = 5;

async fn two_who_are_connected() -> (User, User, Socket, Socket) {
    let [alice, bob] = Chat::new().users().await;
    alice.post_text(&alice.dm(&bob), "the first one opens the conversation").await;
    let (phone, bobs) = (alice.connect().await, bob.connect().await);
    (alice, bob, phone, bobs)
}

#[tokio::test]
async fn typing_sends_an_event_to_the_other_user() {
    let (alice, bob, mut phone, mut bobs) = two_who_are_connected().await;
    let dm = alice.dm(&bob);
    phone.type_in(&dm).await;
    bobs.sees_typing(&alice, &dm).await;
    phone.assert_quiet().await;
    bobs.assert_quiet().await;
}

#[tokio::test]
async fn typing_sends_no_event_before_the_first_message() {
    let [alice, bob] = Chat::new().users().await;
    let (mut phone, mut bobs) = (alice.connect().await, bob.connect().await);
    let dm = alice.dm(&bob);
    phone.type_in(&dm).await;
    phone.assert_quiet().await;
    bobs.sees_no_typing().await;
    phone.say(&bob.id, "written").await;
    phone.type_in(&dm).await;
    bobs.sees_typing(&alice, &dm).await;
    // Either user may have written first.
    bobs.type_in(&dm).await;
    phone.sees_typing(&bob, &dm).await;
}

#[tokio::test]
async fn there_is_no_answer_even_with_an_id() {
    let (alice, bob, mut phone, mut bobs) = two_who_are_connected().await;
    let dm = alice.dm(&bob);
    phone.send(&json!({"action": "typing", "id": "t", "conversation": dm})).await;
    bobs.sees_typing(&alice, &dm).await;
    phone.assert_quiet().await;
}

#[tokio::test]
async fn nothing_of_it_is_stored() {
    let (alice, bob, mut phone, mut bobs) = two_who_are_connected().await;
    let dm = alice.dm(&bob);
    phone.type_in(&dm).await;
    bobs.sees_typing(&alice, &dm).await;
    for user in [&alice, &bob] {
        assert_eq!(user.chat_list().await.len(), 1);
        assert_eq!(user.log(&dm).await.len(), 1);
    }
    assert_eq!(phone.say(&bob.id, "written").await["seq"], 2);
    bobs.next("message").await;
    bob.connect().await.assert_quiet().await;
}

#[tokio::test]
async fn an_outsider_may_not_send_typing() {
    let [alice, bob, eve] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let (mut bobs, mut eves) = (bob.connect().await, eve.connect().await);
    for conversation in [&alice.dm(&bob), &group] {
        eves.refused(json!({"action": "typing", "conversation": conversation}), "forbidden").await;
        eves.type_in(conversation).await;
        eves.next_error("forbidden").await;
    }
    bobs.sees_no_typing().await;
    eves.assert_quiet().await;
}

#[tokio::test]
async fn an_invalid_conversation_is_refused() {
    let alice = Chat::new().user().await;
    let mut phone = alice.connect().await;
    let typing = |conversation: &str| json!({"action": "typing", "conversation": conversation});
    phone.refused(typing(&format!("grp_{NOBODY}")), "not_found").await;
    phone.refused(json!({"action": "typing"}), "bad_request").await;
    for conversation in ["", "dm_", "grp_1", alice.id.as_str()] {
        let own = Chat::new().user().await.connect().await.refused(typing(conversation), "bad_request").await;
        assert!(own["message"].as_str().unwrap().contains("conversation"), "{own}");
    }
    phone.assert_quiet().await;
}

#[tokio::test]
async fn typing_is_limited_to_a_burst_of_five_and_then_one_a_second() {
    const TRIES: u64 = 20;
    let (alice, bob, mut phone, mut bobs) = two_who_are_connected().await;
    let dm = alice.dm(&bob);
    let begun = Instant::now();
    for _ in 0..TRIES {
        phone.send(&json!({"action": "typing", "id": fresh_id(), "conversation": dm})).await;
    }
    let (mut sent, mut refused, mut wait_ms) = (0, 0, 0);
    while sent + refused < TRIES {
        tokio::select! {
            error = phone.next_frame() => {
                assert_eq!((&error["type"], &error["code"]), (&"error".into(), &"rate_limited".into()));
                wait_ms = error["retry_after_ms"].as_u64().unwrap().max(wait_ms);
                refused += 1;
            }
            event = bobs.next_frame() => {
                assert_eq!(event, json!({"type": "typing", "conversation": dm, "user": alice.id}));
                sent += 1;
            }
        }
    }
    let most = BURST + begun.elapsed().as_secs() + 1;
    assert!((BURST..=most).contains(&sent), "{sent} events, at most {most}");
    assert!(refused > 0, "no limit");
    assert!(wait_ms <= 2_000, "{wait_ms}");
    tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
    phone.type_in(&dm).await;
    bobs.sees_typing(&alice, &dm).await;
    phone.assert_quiet().await;
}

#[tokio::test]
async fn the_limit_is_each_users_own() {
    let (alice, bob, mut phone, mut bobs) = two_who_are_connected().await;
    let dm = alice.dm(&bob);
    for _ in 0..=BURST * 10 {
        phone.type_in(&dm).await;
    }
    phone.next_error("rate_limited").await;
    bobs.type_in(&dm).await;
    phone.sees_typing(&bob, &dm).await;
}
