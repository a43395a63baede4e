//! The chat list.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::json;
use tests::{Chat, User};

#[tokio::test]
async fn the_list_shows_the_newest_message_of_each_conversation() {
    let [alice, bob, carol] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    phone.say(&bob.id, "first").await;
    phone.say(&bob.id, "second").await;
    phone.say(&carol.id, "third").await;
    let with_bob = alice.listed(&alice.dm(&bob)).await;
    assert_eq!((&with_bob["last_seq"], &with_bob["last_message"]["text"]), (&2.into(), &"second".into()));
    assert_eq!(alice.listed(&alice.dm(&carol)).await["last_message"]["text"], "third");
    assert_eq!(alice.chat_list().await.len(), 2);
    assert_eq!(bob.chat_list().await.len(), 1);
}

#[tokio::test]
async fn pages_show_each_of_many_conversations_once() {
    const PEERS: usize = 55;
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    let peers: Vec<User> = join_all((0..PEERS).map(|_| chat.user())).await;
    for peer in &peers {
        peer.post_text(&alice.dm(peer), "hello").await;
    }
    let listed = alice.chat_list().await;
    let names: HashSet<&str> = listed.iter().map(|row| row["conversation"].as_str().unwrap()).collect();
    assert_eq!((listed.len(), names.len()), (PEERS, PEERS));
    let first = alice.http.get("/v1/conversations").await.ok();
    assert!(first["conversations"].as_array().unwrap().len() < PEERS && first["next"].is_string());

    let frames = alice.connect().await.sync_frames(json!({"cursors": {}})).await;
    let synced: HashSet<String> = frames
        .iter()
        .flat_map(|frame| frame["conversations"].as_array().unwrap())
        .map(|part| part["conversation"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(synced.len(), PEERS);
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused() {
    let alice = Chat::new().user().await;
    for cursor in ["nonsense", "", "%00", &"x".repeat(1000)] {
        alice.http.get(&format!("/v1/conversations?cursor={cursor}")).await.refused(400, "bad_request");
    }
}

#[tokio::test]
async fn a_row_of_a_1_to_1_conversation_has_the_profile_of_the_other() {
    let [alice, bob, carol] = Chat::new().users().await;
    let avatar = "https://example.com/b.png";
    bob.http.patch("/v1/me", &json!({"display_name": "Bob B.", "avatar": avatar})).await.ok();
    alice.post_text(&alice.dm(&bob), "hello").await;
    let group = alice.create_group(&[&carol]).await;
    let with_bob = alice.listed(&alice.dm(&bob)).await;
    let expected = json!({"user": bob.id, "handle": bob.handle, "display_name": "Bob B.", "avatar": avatar});
    assert_eq!(with_bob["peer"], expected);
    assert_eq!(bob.listed(&alice.dm(&bob)).await["peer"]["user"], alice.id);
    assert!(alice.listed(&group).await.get("peer").is_none());
    let path = format!("/v1/conversations/{}", alice.dm(&bob));
    assert_eq!(alice.http.patch(&path, &json!({})).await.ok()["peer"], expected);
}
