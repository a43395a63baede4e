//! Recipients that a message cannot be sent to.

use serde_json::json;
use tests::{Chat, User};

const NOBODY: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

async fn check_refused(sender: &User, to: &str, code: &str) {
    let mut phone = sender.connect().await;
    phone.refused(json!({"action": "send", "to": to, "text": "hello"}), code).await;
    phone.assert_quiet().await;
    assert!(sender.chat_list().await.is_empty());
}

fn dm_with_nobody(user: &User) -> String {
    let own = user.id.trim_start_matches("usr_");
    let (lower, upper) = if own < NOBODY { (own, NOBODY) } else { (NOBODY, own) };
    format!("dm_{lower}_{upper}")
}

#[tokio::test]
async fn somebody_who_does_not_exist_is_not_found() {
    let alice = Chat::new().user().await;
    check_refused(&alice, &format!("usr_{NOBODY}"), "not_found").await;
    check_refused(&alice, &dm_with_nobody(&alice), "not_found").await;
    let message = json!({"client_message_id": "x", "text": "hello"});
    alice.post_message(&dm_with_nobody(&alice), &message).await.refused(404, "not_found");
    assert!(alice.chat_list().await.is_empty());
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_not_found() {
    let alice = Chat::new().user().await;
    check_refused(&alice, &format!("grp_{NOBODY}"), "not_found").await;
    let message = json!({"client_message_id": "x", "text": "hello"});
    alice.post_message(&format!("grp_{NOBODY}"), &message).await.refused(404, "not_found");
}

#[tokio::test]
async fn nobody_writes_to_themselves() {
    let alice = Chat::new().user().await;
    let own = alice.id.trim_start_matches("usr_");
    check_refused(&alice, &alice.id, "bad_request").await;
    check_refused(&alice, &format!("dm_{own}_{own}"), "bad_request").await;
    let message = json!({"client_message_id": "x", "text": "hello"});
    alice.post_message(&format!("dm_{own}_{own}"), &message).await.refused(400, "bad_request");
}

#[tokio::test]
async fn an_invalid_recipient_is_refused() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let swapped = dm.strip_prefix("dm_").unwrap().split_once('_').unwrap();
    let swapped = format!("dm_{}_{}", swapped.1, swapped.0);
    for to in [
        "",
        "bob",
        "usr_",
        "usr_1",
        "dm_",
        "dm__",
        "grp_",
        &bob.handle,
        &bob.device,
        &swapped,
        &bob.id.to_lowercase(),
        &format!("{} ", bob.id),
        &format!("{dm}_{NOBODY}"),
        &"x".repeat(10_000),
    ] {
        check_refused(&alice, to, "bad_request").await;
    }
    let message = json!({"client_message_id": "x", "text": "hello"});
    alice.post_message(&swapped, &message).await.refused(400, "bad_request");
    alice.post_message(&bob.id, &message).await.refused(400, "bad_request");
}
