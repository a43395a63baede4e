//! Read marks of users who were members only part of the time.

use serde_json::{Value, json};
use tests::{Chat, Socket};

fn read(group: &str, seq: u64) -> Value {
    json!({"action": "read", "conversation": group, "seq": seq})
}

/// Reads a position that cannot be read, and checks that the error names `seq`.
async fn names_seq(socket: &mut Socket, group: &str, seq: u64) {
    let error = socket.refused(read(group, seq), "bad_request").await;
    assert!(error["message"].as_str().unwrap().contains("seq"), "{error}");
}

#[tokio::test]
async fn positions_before_the_membership_are_skipped_or_refused() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[]).await;
    alice.post_text(&group, "two").await;
    alice.put_member(&group, &bob, None).await.ok();
    alice.post_text(&group, "four").await;
    let mut socket = bob.connect().await;
    names_seq(&mut socket, &group, 2).await;
    assert_eq!(bob.listed(&group).await["unread_count"], 1);
    assert_eq!(socket.ask(read(&group, 4)).await["type"], "ok");
    let mut phone = alice.connect().await;
    for seq in [1, 2, 3, 4] {
        assert_eq!(socket.ask(read(&group, seq)).await["type"], "ok", "{seq}");
    }
    names_seq(&mut socket, &group, 5).await;
    phone.assert_quiet().await;
    assert_eq!(bob.listed(&group).await["read_seq"], 4);
}

#[tokio::test]
async fn positions_between_two_memberships_are_skipped_or_refused() {
    let [alice, bob, eve] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.remove_member(&group, &bob).await.no_content();
    alice.post_text(&group, "three").await;
    let mut socket = bob.connect().await;
    for seq in [1, 3] {
        socket.refused(read(&group, seq), "forbidden").await;
        eve.connect().await.refused(read(&group, seq), "forbidden").await;
    }
    alice.put_member(&group, &bob, None).await.ok();
    names_seq(&mut socket, &group, 3).await;
    assert_eq!(socket.ask(read(&group, 2)).await["type"], "ok");
    names_seq(&mut socket, &group, 3).await;
    assert_eq!(socket.ask(read(&group, 4)).await["type"], "ok");
    let mut phone = alice.connect().await;
    assert_eq!(socket.ask(read(&group, 3)).await["type"], "ok");
    phone.assert_quiet().await;
}
