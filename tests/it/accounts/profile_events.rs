//! Events about changed profiles.

use serde_json::{Value, json};
use tests::{Chat, Socket};

async fn profile_events(socket: &mut Socket) -> Vec<Value> {
    let mut unseen = socket.unseen().await;
    unseen.retain(|event| event["type"] == "profile");
    unseen
}

#[tokio::test]
async fn a_new_name_sends_an_event_to_friends_and_to_the_users_other_devices() {
    let [alice, bob, stranger, blocked] = Chat::new().users().await;
    alice.befriend(&bob).await;
    alice.befriend(&blocked).await;
    alice.block(&blocked).await;
    alice.put_contact(&stranger).await.ok();
    alice.create_group(&[&stranger]).await;
    let mut laptop = alice.another_device().await.connect().await;
    let mut bobs = bob.connect().await;
    let mut others = [alice.connect().await, stranger.connect().await, blocked.connect().await];
    alice.http.patch("/v1/me", &json!({"display_name": "Älice 🙂"})).await.ok();
    let expected = json!({"type": "profile", "user": alice.id, "display_name": "Älice 🙂"});
    assert_eq!(bobs.next("profile").await, expected);
    assert_eq!(laptop.next("profile").await, expected);
    for socket in &mut others {
        let events = profile_events(socket).await;
        assert!(events.is_empty(), "{events:?}");
    }
}

#[tokio::test]
async fn an_avatar_that_is_set_and_removed_sends_events() {
    let [alice, bob] = Chat::new().friends().await;
    let mut bobs = bob.connect().await;
    let avatar = "https://example.com/alice.png";
    alice.http.patch("/v1/me", &json!({"avatar": avatar})).await.ok();
    assert_eq!(bobs.next("profile").await["avatar"], avatar);
    alice.http.patch("/v1/me", &json!({"avatar": null})).await.ok();
    assert!(bobs.next("profile").await.get("avatar").is_none());
    alice.http.patch("/v1/me", &json!({})).await.ok();
    alice.http.patch("/v1/me", &json!({"display_name": ""})).await.refused(400, "bad_request");
    assert!(profile_events(&mut bobs).await.is_empty(), "no event without a change");
}
