//! Users outside a group.

use serde_json::json;
use tests::{Chat, User};

struct Scene {
    alice: User,
    bob: User,
    eve: User,
    /// The group of the other two users.
    group: String,
}

async fn scene() -> Scene {
    let [alice, bob, eve] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.post_text(&group, "a secret").await;
    Scene { alice, bob, eve, group }
}

impl Scene {
    async fn check_unharmed(&self) {
        assert_eq!(self.alice.log(&self.group).await.len(), 2);
        assert!(self.eve.chat_list().await.is_empty());
        let row = self.bob.listed(&self.group).await;
        assert_eq!((&row["read_seq"], row.get("muted_until_ms")), (&0.into(), None));
    }
}

#[tokio::test]
async fn an_outsider_may_not_use_a_group_over_the_socket() {
    let scene = scene().await;
    let Scene { eve, group, .. } = &scene;
    let mut socket = eve.connect().await;
    for frame in [
        json!({"action": "send", "to": group, "text": "let me in"}),
        json!({"action": "history", "conversation": group}),
        json!({"action": "history", "conversation": group, "after": 0, "limit": 1}),
        json!({"action": "history", "conversation": group, "before": 1000}),
        json!({"action": "read", "conversation": group, "seq": 1}),
        json!({"action": "read", "conversation": group, "seq": 1000}),
    ] {
        socket.refused(frame, "forbidden").await;
    }
    socket.assert_quiet().await;
    scene.check_unharmed().await;
}

#[tokio::test]
async fn an_outsider_may_not_use_a_group_over_http() {
    let scene = scene().await;
    let Scene { eve, group, .. } = &scene;
    let path = format!("/v1/conversations/{group}");
    for query in ["", "around=1", "after=0", "before=1000"] {
        eve.page(group, query).await.refused(403, "forbidden");
    }
    eve.get_group(group).await.refused(403, "forbidden");
    eve.http.get(&format!("{path}/receipts")).await.refused(403, "forbidden");
    let message = json!({"client_message_id": "in", "text": "let me in"});
    eve.post_message(group, &message).await.refused(403, "forbidden");
    eve.http.patch(&path, &json!({"muted_until_ms": u32::MAX})).await.refused(403, "forbidden");
    eve.http.patch(&path, &json!({})).await.refused(403, "forbidden");
    scene.check_unharmed().await;
}

#[tokio::test]
async fn a_sync_leaves_groups_of_others_out() {
    let Scene { eve, group, .. } = scene().await;
    let mut socket = eve.connect().await;
    for partial in [true, false] {
        let frames = socket.sync_frames(json!({"cursors": {&group: 0}, "partial": partial})).await;
        assert_eq!((frames.len(), &frames[0]["conversations"]), (1, &json!([])));
    }
}

#[tokio::test]
async fn events_of_a_group_reach_no_outsider() {
    let Scene { alice, bob, eve, group } = scene().await;
    let (mut phone, mut bobs, mut eves) = (alice.connect().await, bob.connect().await, eve.connect().await);
    phone.say(&group, "another secret").await;
    alice.rename_group(&group, "Secrets").await.ok();
    bobs.next_at(&group, 3).await;
    bobs.next_at(&group, 4).await;
    bobs.ask(json!({"action": "read", "conversation": group, "seq": 4})).await;
    phone.next("receipt").await;
    alice.delete_group(&group).await.no_content();
    bobs.next_change(&group, "deleted").await;
    eves.assert_quiet().await;
}
