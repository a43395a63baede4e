//! Data after a restart.

use serde_json::json;
use tests::runner::{Runner, TempDir};
use tests::{Chat, User};

/// The same device, at a server that has moved.
fn moved(user: &User, chat: &Chat) -> User {
    User { http: chat.http.with_token(&user.access_token), ..user.clone() }
}

#[tokio::test]
async fn logins_messages_and_markers_survive_a_restart() {
    let data = TempDir::new();
    let confab = Runner::with_data(data.path()).await;
    let [alice, bob] = confab.chat().users().await;
    let (dm, mut phone) = (alice.dm(&bob), alice.connect().await);
    phone.say(&bob.id, "one").await;
    phone.say(&bob.id, "two").await;
    phone.cut();
    bob.connect().await.ask(json!({"action": "read", "conversation": dm, "seq": 1})).await;
    bob.http
        .patch(&format!("/v1/conversations/{dm}"), &json!({"muted_until_ms": 32_503_680_000_000_u64}))
        .await
        .ok();
    let (log, row) = (bob.log(&dm).await, bob.listed(&dm).await);
    confab.signal("TERM").await;
    confab.ended().await;

    let confab = Runner::with_data(data.path()).await;
    let chat = confab.chat();
    let [alice, bob] = [moved(&alice, &chat), moved(&bob, &chat)];
    assert_eq!((bob.log(&dm).await, bob.listed(&dm).await), (log, row));
    alice.renewed(&alice.refresh().await.ok()).assert_logged_in().await;
    alice.another_device().await.assert_logged_in().await;
    assert_eq!(alice.connect().await.say(&bob.id, "three").await["seq"], 3);
}

#[tokio::test]
async fn nobody_is_connected_after_a_restart() {
    let data = TempDir::new();
    let confab = Runner::with_data(data.path()).await;
    let alice = confab.chat().user().await;
    let mut phone = alice.connect().await;
    phone.assert_alive().await;
    confab.signal("TERM").await;
    confab.ended().await;
    let confab = Runner::with_data(data.path()).await;
    let alice = moved(&alice, &confab.chat());
    assert_eq!(alice.http.get("/v1/devices").await.ok()["devices"][0]["connected"], false);
}

#[tokio::test]
async fn a_logout_survives_a_restart() {
    let data = TempDir::new();
    let confab = Runner::with_data(data.path()).await;
    let alice = confab.chat().user().await;
    alice.http.post("/v1/logout", &json!({})).await.no_content();
    confab.signal("TERM").await;
    confab.ended().await;
    let confab = Runner::with_data(data.path()).await;
    moved(&alice, &confab.chat()).assert_logged_out().await;
}
