//! Presence after a kill.

use std::path::Path;

use tests::runner::{Runner, TempDir};
use tests::{Chat, Socket, User, times};
use tokio::time::Instant;

async fn start(data: &Path) -> Runner {
    Runner::start(&[&["--data", data.to_str().unwrap()], &times::FLAGS[..]].concat()).await
}

/// The same device, at a server that has moved.
fn moved(user: &User, chat: &Chat) -> User {
    User { http: chat.http.with_token(&user.access_token), ..user.clone() }
}

/// Two friends who were online until a kill, at the server after it, and a socket of the second one.
async fn after_a_kill(data: &Path) -> (Runner, User, User, Socket) {
    let confab = start(data).await;
    let [alice, bob] = confab.chat().friends().await;
    let mut bobs = bob.connect().await;
    let mut phone = alice.connect().await;
    bobs.sees_online(&alice, Instant::now()).await;
    phone.assert_alive().await;
    bobs.assert_alive().await;
    confab.kill().await;
    let confab = start(data).await;
    let [alice, bob] = [&alice, &bob].map(|user| moved(user, &confab.chat()));
    let mut bobs = bob.connect().await;
    bobs.stay_awake();
    (confab, alice, bob, bobs)
}

#[tokio::test]
async fn a_user_who_does_not_reconnect_after_a_kill_is_shown_offline() {
    let data = TempDir::new();
    let (_confab, alice, bob, mut bobs) = after_a_kill(data.path()).await;
    let event = bobs.next_presence(&alice, Instant::now() + times::offline_within() * 2).await;
    assert_eq!(event["status"], "offline");
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("offline"));
    assert_eq!(bob.contact(&alice).await["status"], "offline");
    let _phone = alice.connect().await;
    bobs.sees_online(&alice, Instant::now()).await;
}

#[tokio::test]
async fn a_user_who_reconnects_after_a_kill_stays_online() {
    let data = TempDir::new();
    let (_confab, alice, _bob, mut bobs) = after_a_kill(data.path()).await;
    let mut phone = alice.connect().await;
    phone.stay_awake();
    // A notification from just before the kill may come again.
    bobs.listen_until(Instant::now() + times::offline_within()).await;
    bobs.gets_no_event(&alice, "offline").await;
    assert_eq!(bobs.status_of(&alice).await.as_deref(), Some("online"));
}
