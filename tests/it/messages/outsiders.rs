//! Users outside a conversation.

use serde_json::json;
use tests::{Chat, User};

struct Scene {
    alice: User,
    bob: User,
    eve: User,
    /// The conversation of the other two users.
    dm: String,
}

async fn scene() -> Scene {
    let [alice, bob, eve] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "a secret").await;
    Scene { alice, bob, eve, dm }
}

impl Scene {
    async fn check_unharmed(&self) {
        assert_eq!(self.alice.log(&self.dm).await.len(), 1);
        assert!(self.eve.chat_list().await.is_empty());
        let row = self.bob.listed(&self.dm).await;
        assert_eq!((&row["read_seq"], row.get("muted_until_ms")), (&0.into(), None));
    }
}

#[tokio::test]
async fn an_outsider_may_not_use_a_conversation_over_the_socket() {
    let scene = scene().await;
    let Scene { bob, eve, dm, .. } = &scene;
    let (mut socket, mut bobs) = (eve.connect().await, bob.connect().await);
    for frame in [
        json!({"action": "send", "to": dm, "text": "let me in"}),
        json!({"action": "history", "conversation": dm}),
        json!({"action": "history", "conversation": dm, "after": 0, "limit": 1}),
        json!({"action": "read", "conversation": dm, "seq": 1}),
    ] {
        socket.refused(frame, "forbidden").await;
    }
    socket.assert_quiet().await;
    bobs.assert_quiet().await;
    scene.check_unharmed().await;
}

#[tokio::test]
async fn an_outsider_may_not_use_a_conversation_over_http() {
    let scene = scene().await;
    let Scene { eve, dm, .. } = &scene;
    let path = format!("/v1/conversations/{dm}");
    eve.page(dm, "").await.refused(403, "forbidden");
    eve.page(dm, "around=1").await.refused(403, "forbidden");
    eve.http.get(&format!("{path}/receipts")).await.refused(403, "forbidden");
    let message = json!({"client_message_id": "in", "text": "let me in"});
    eve.post_message(dm, &message).await.refused(403, "forbidden");
    eve.http.patch(&path, &json!({"muted_until_ms": u32::MAX})).await.refused(403, "forbidden");
    eve.http.patch(&path, &json!({})).await.refused(403, "forbidden");
    scene.check_unharmed().await;
}

#[tokio::test]
async fn an_outsider_does_not_learn_whether_others_talk() {
    let [alice, bob, eve] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let mut socket = eve.connect().await;
    let ask = json!({"action": "history", "id": "same", "conversation": dm});
    let before = socket.refused(ask.clone(), "forbidden").await;
    alice.post_text(&dm, "a secret").await;
    assert_eq!(socket.refused(ask, "forbidden").await, before);
}

#[tokio::test]
async fn a_sync_leaves_out_conversations_of_others() {
    let Scene { eve, dm, .. } = scene().await;
    let mut socket = eve.connect().await;
    for partial in [true, false] {
        let frames = socket.sync_frames(json!({"cursors": {&dm: 0}, "partial": partial})).await;
        assert_eq!((frames.len(), &frames[0]["conversations"]), (1, &json!([])));
    }
}

#[tokio::test]
async fn events_reach_no_outsider() {
    let Scene { alice, bob, eve, dm } = scene().await;
    let (mut eves, mut bobs) = (eve.connect().await, bob.connect().await);
    let mut phone = alice.connect().await;
    phone.say(&dm, "another secret").await;
    bobs.next("message").await;
    bobs.ask(json!({"action": "read", "conversation": dm, "seq": 2})).await;
    phone.next("receipt").await;
    eves.assert_quiet().await;
}
