//! Additions and removals of members, and their events.

use http::Method;
use serde_json::{Value, json};
use tests::{Chat, Socket, User, check_entry, message_of, roles, seqs};

const NOBODY: &str = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Checks that all sockets get this entry, and that it is the last of the log.
async fn check_announced(sockets: &mut [Socket], reader: &User, group: &str, seq: u64) -> Value {
    let last = reader.log(group).await.pop().unwrap();
    assert_eq!(last["seq"], seq);
    for socket in sockets {
        assert_eq!(message_of(socket.next_at(group, seq).await), last);
    }
    last
}

#[tokio::test]
async fn an_addition_sends_an_event_to_the_new_member_and_to_everybody_else() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut carols = [carol.connect().await, carol.another_device().await.connect().await];
    let mut others = [alice.connect().await, bob.connect().await];
    let after = alice.put_member(&group, &carol, None).await.ok();
    assert_eq!((roles(&after).len(), &roles(&after)[&carol.id]), (3, &"member".to_owned()));
    assert_eq!(carol.get_group(&group).await.ok(), after);
    let entry = check_announced(&mut others, &bob, &group, 2).await;
    check_entry(&entry, "member_added", &alice, &[&carol], None);
    check_announced(&mut carols, &carol, &group, 2).await;
    let added = json!({"type": "conversation", "conversation": group, "change": "added", "seq": 2,
        "name": "Climbing"});
    for socket in &mut carols {
        assert_eq!(socket.next_change(&group, "added").await, added);
    }
    let row = carol.listed(&group).await;
    assert_eq!(
        (&row["kind"], &row["name"], &row["last_message"]),
        (&"group".into(), &"Climbing".into(), &entry)
    );
}

#[tokio::test]
async fn a_removal_sends_an_event_to_the_removed_member_and_to_everybody_else() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut carols = [carol.connect().await, carol.another_device().await.connect().await];
    let mut others = [alice.connect().await, bob.connect().await];
    alice.remove_member(&group, &carol).await.no_content();
    let entry = check_announced(&mut others, &bob, &group, 2).await;
    check_entry(&entry, "member_removed", &alice, &[&carol], None);
    for socket in &mut carols {
        assert_eq!(message_of(socket.next_at(&group, 2).await), entry);
        let change = socket.next_change(&group, "removed").await;
        assert_eq!(
            change,
            json!({"type": "conversation", "conversation": group, "change": "removed", "seq": 2})
        );
    }
    assert!(!bob.roles(&group).await.contains_key(&carol.id));
    let frames = others[1].unseen().await;
    assert!(frames.iter().all(|frame| frame["change"] != "removed"), "{frames:?}");
}

#[tokio::test]
async fn a_member_who_leaves_is_removed_by_themselves() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let (mut alices, mut bobs) = ([alice.connect().await], bob.connect().await);
    bob.leave(&group).await;
    let entry = check_announced(&mut alices, &alice, &group, 2).await;
    check_entry(&entry, "member_removed", &bob, &[&bob], None);
    assert_eq!(message_of(bobs.next_at(&group, 2).await), entry);
    bobs.next_change(&group, "removed").await;
    assert_eq!(alice.roles(&group).await.len(), 1);
}

#[tokio::test]
async fn a_new_role_sends_an_event_to_everybody() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let mut sockets = [alice.connect().await, bob.connect().await, carol.connect().await];
    for (seq, role) in [(2, "admin"), (3, "owner"), (4, "member")] {
        let after = alice.put_member(&group, &bob, Some(role)).await.ok();
        assert_eq!(roles(&after)[&bob.id], role);
        assert_eq!(carol.get_group(&group).await.ok(), after);
        let entry = check_announced(&mut sockets, &carol, &group, seq).await;
        check_entry(&entry, "role_changed", &alice, &[&bob], Some(role));
    }
}

#[tokio::test]
async fn somebody_may_be_added_with_any_role_in_one_entry() {
    let [alice, bob, carol, dave] = Chat::new().users().await;
    let group = alice.create_group(&[]).await;
    for (seq, user, role) in [(2, &bob, "member"), (3, &carol, "admin"), (4, &dave, "owner")] {
        let after = alice.put_member(&group, user, Some(role)).await.ok();
        assert_eq!(roles(&after)[&user.id], role);
        let log = alice.log(&group).await;
        assert_eq!(log.len(), seq);
        check_entry(&log[seq - 1], "member_added", &alice, &[user], None);
    }
}

#[tokio::test]
async fn a_member_may_be_put_without_a_body() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[]).await;
    for (user, body) in [(&bob, ""), (&carol, "{}")] {
        let path = format!("/v1/groups/{group}/members/{}", user.id);
        let after = alice.http.send(Method::PUT, &path, body).await.ok();
        assert_eq!(roles(&after)[&user.id], "member");
        assert_eq!(alice.http.send(Method::PUT, &path, body).await.ok(), after);
    }
    assert_eq!(seqs(&alice.log(&group).await), [1, 2, 3]);
}

#[tokio::test]
async fn adding_a_member_again_changes_nothing() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    alice.put_member(&group, &carol, Some("admin")).await.ok();
    let before = alice.get_group(&group).await.ok();
    for (user, role) in [
        (&alice, None),
        (&alice, Some("owner")),
        (&bob, None),
        (&bob, Some("member")),
        (&carol, None),
        (&carol, Some("admin")),
    ] {
        assert_eq!(alice.put_member(&group, user, role).await.ok(), before);
        assert_eq!(carol.put_member(&group, user, role).await.ok(), before);
    }
    assert_eq!(alice.log(&group).await.len(), 2);
}

#[tokio::test]
async fn only_existing_users_are_added_and_only_members_are_removed() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let nobody = User { id: NOBODY.to_owned(), ..bob.clone() };
    let before = alice.get_group(&group).await.ok();
    alice.put_member(&group, &nobody, None).await.refused(404, "not_found");
    alice.put_member(&group, &nobody, Some("admin")).await.refused(404, "not_found");
    alice.remove_member(&group, &nobody).await.refused(404, "not_found");
    alice.remove_member(&group, &carol).await.refused(404, "not_found");
    assert_eq!(alice.get_group(&group).await.ok(), before);
    assert_eq!(alice.log(&group).await.len(), 1);
}

#[tokio::test]
async fn a_user_who_was_added_again_is_a_member_like_any_other() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.put_member(&group, &bob, Some("owner")).await.ok();
    alice.remove_member(&group, &bob).await.no_content();
    let mut socket = bob.connect().await;
    let after = alice.put_member(&group, &bob, None).await.ok();
    assert_eq!(roles(&after)[&bob.id], "member");
    socket.next_change(&group, "added").await;
    assert_eq!(socket.say(&group, "I am back").await["seq"], 5);
    assert_eq!(bob.listed(&group).await["last_seq"], 5);
}
