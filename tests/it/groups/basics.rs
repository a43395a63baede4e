//! Creation, renaming and deletion of groups.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Chat, User, check_entry, message_of, roles, seqs};

const NO_GROUP: &str = "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Roles of some users, in the form of [`roles`].
fn cast(members: &[(&User, &str)]) -> BTreeMap<String, String> {
    members.iter().map(|(user, role)| (user.id.clone(), (*role).to_owned())).collect()
}

#[tokio::test]
async fn a_new_group_is_given_whole_and_is_the_same_for_its_members() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.post_group("Climbing", &[&bob, &carol]).await.with_status(201);
    let id = group["group"].as_str().unwrap();
    assert!(id.starts_with("grp_") && id.len() == NO_GROUP.len(), "{group}");
    assert_eq!(group["name"], "Climbing");
    assert_eq!(roles(&group), cast(&[(&alice, "owner"), (&bob, "member"), (&carol, "member")]));
    assert!(group["created_at_ms"].is_u64(), "{group}");
    assert!(group["members"].as_array().unwrap().iter().all(|member| member["joined_at_ms"].is_u64()));
    for member in [&alice, &bob, &carol] {
        assert_eq!(member.get_group(id).await.ok(), group);
    }
}

#[tokio::test]
async fn a_new_group_is_in_every_members_chat_list_immediately() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    for member in [&alice, &bob, &carol] {
        let row = member.listed(&group).await;
        assert_eq!(
            (&row["kind"], &row["name"], &row["last_seq"], &row["read_seq"]),
            (&"group".into(), &"Climbing".into(), &1.into(), &0.into())
        );
        assert_eq!(row["last_message"], member.log(&group).await[0]);
    }
}

#[tokio::test]
async fn a_group_begins_with_the_entry_that_names_its_members() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    let log = alice.log(&group).await;
    assert_eq!(seqs(&log), [1]);
    assert_eq!(log[0]["conversation"], group.as_str());
    check_entry(&log[0], "group_created", &alice, &[&bob, &carol], Some("Climbing"));
    for member in [&bob, &carol] {
        assert_eq!(member.log(&group).await, log);
        assert_eq!(member.connect().await.missed(&group, json!({})).await, log);
    }
}

#[tokio::test]
async fn a_new_group_sends_an_event_to_every_device_of_every_member() {
    let [alice, bob] = Chat::new().users().await;
    let mut sockets = [
        alice.connect().await,
        alice.another_device().await.connect().await,
        bob.connect().await,
        bob.another_device().await.connect().await,
    ];
    let group = alice.create_group(&[&bob]).await;
    let first = alice.log(&group).await.remove(0);
    for socket in &mut sockets {
        let added = json!({"type": "conversation", "conversation": group, "change": "added", "seq": 1,
                "name": "Climbing"});
        assert_eq!(socket.next_change(&group, "added").await, added);
        assert_eq!(message_of(socket.next_at(&group, 1).await), first);
    }
}

#[tokio::test]
async fn members_named_twice_and_the_owner_count_once() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.post_group("Twice", &[&bob, &alice, &bob]).await.with_status(201);
    assert_eq!(roles(&group), cast(&[(&alice, "owner"), (&bob, "member")]));
    let log = alice.log(group["group"].as_str().unwrap()).await;
    check_entry(&log[0], "group_created", &alice, &[&bob], Some("Twice"));
}

#[tokio::test]
async fn a_group_may_begin_with_its_owner_alone() {
    let alice = Chat::new().user().await;
    let group = alice.post_group("Alone", &[]).await.with_status(201);
    assert_eq!(roles(&group), cast(&[(&alice, "owner")]));
    let id = group["group"].as_str().unwrap();
    check_entry(&alice.log(id).await[0], "group_created", &alice, &[], Some("Alone"));
    assert_eq!(alice.connect().await.say(id, "hello?").await["seq"], 2);
}

#[tokio::test]
async fn a_group_with_somebody_who_does_not_exist_is_not_made() {
    let [alice, bob] = Chat::new().users().await;
    let nobody = User { id: "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(), ..bob.clone() };
    alice.post_group("Ghosts", &[&bob, &nobody]).await.refused(404, "not_found");
    assert!(alice.chat_list().await.is_empty() && bob.chat_list().await.is_empty());
}

#[tokio::test]
async fn groups_of_one_name_are_different_groups() {
    let [alice, bob] = Chat::new().users().await;
    let (one, two) = (alice.create_group(&[&bob]).await, alice.create_group(&[&bob]).await);
    assert_ne!(one, two);
    assert_eq!(bob.chat_list().await.len(), 2);
    assert_eq!(bob.connect().await.say(&two, "here").await["seq"], 2);
    assert_eq!(alice.log(&one).await.len(), 1);
}

#[tokio::test]
async fn a_name_has_1_to_64_characters_and_no_space_around_it() {
    let alice = Chat::new().user().await;
    let group = alice.create_group(&[]).await;
    for (name, kept) in [
        ("x", "x"),
        (" \t the rest \n", "the rest"),
        (&"x".repeat(64), &"x".repeat(64)),
        (&"🙂".repeat(64), &"🙂".repeat(64)),
        (&format!("  {}  ", "x".repeat(64)), &"x".repeat(64)),
    ] {
        assert_eq!(alice.post_group(name, &[]).await.with_status(201)["name"], kept);
        assert_eq!(alice.rename_group(&group, name).await.ok()["name"], kept);
    }
    let named = alice.get_group(&group).await.ok();
    let listed = alice.chat_list().await.len();
    for name in ["", "   ", "two\nlines", "a\u{0}b", &"x".repeat(65), &"🙂".repeat(65)] {
        for answer in [alice.post_group(name, &[]).await, alice.rename_group(&group, name).await] {
            let error = answer.refused(400, "bad_request");
            assert!(error["message"].as_str().unwrap().contains("name"), "{error}");
        }
    }
    assert_eq!(alice.get_group(&group).await.ok(), named);
    assert_eq!(alice.chat_list().await.len(), listed);
}

#[tokio::test]
async fn a_new_name_sends_an_event_to_everybody() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut sockets =
        [alice.connect().await, bob.connect().await, bob.another_device().await.connect().await];
    let renamed = alice.rename_group(&group, "Bouldering").await.ok();
    assert_eq!((&renamed["name"], roles(&renamed)), (&"Bouldering".into(), alice.roles(&group).await));
    let log = alice.log(&group).await;
    assert_eq!(seqs(&log), [1, 2]);
    check_entry(&log[1], "group_renamed", &alice, &[], Some("Bouldering"));
    for socket in &mut sockets {
        let change = json!({"type": "conversation", "conversation": group, "change": "renamed", "seq": 2,
                "name": "Bouldering"});
        assert_eq!(socket.next_change(&group, "renamed").await, change);
        assert_eq!(message_of(socket.next_at(&group, 2).await), log[1]);
    }
    assert_eq!(bob.get_group(&group).await.ok(), renamed);
    assert_eq!(bob.listed(&group).await["name"], "Bouldering");
    let frames = bob.connect().await.sync_frames(json!({"cursors": {}})).await;
    let part = &frames[0]["conversations"][0];
    assert_eq!((&part["kind"], &part["name"]), (&"group".into(), &"Bouldering".into()));
}

#[tokio::test]
async fn giving_the_present_name_again_sends_no_event() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let before = alice.get_group(&group).await.ok();
    for name in ["Climbing", " Climbing "] {
        assert_eq!(alice.rename_group(&group, name).await.ok(), before);
    }
    assert_eq!(alice.log(&group).await.len(), 1);
}

#[tokio::test]
async fn the_end_of_a_group_sends_an_event_to_everybody() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let mut sockets =
        [alice.connect().await, bob.connect().await, bob.another_device().await.connect().await];
    alice.delete_group(&group).await.no_content();
    for socket in &mut sockets {
        let change = socket.next_change(&group, "deleted").await;
        assert_eq!(
            (&change["type"], &change["conversation"]),
            (&"conversation".into(), &group.as_str().into())
        );
        check_entry(&socket.next_at(&group, 2).await, "group_deleted", &alice, &[], None);
    }
}

/// Checks every act of a member on a group.
async fn check_not_found(user: &User, other: &User, group: &str) {
    user.get_group(group).await.refused(404, "not_found");
    user.rename_group(group, "Again").await.refused(404, "not_found");
    user.put_member(group, other, None).await.refused(404, "not_found");
    user.remove_member(group, other).await.refused(404, "not_found");
    user.delete_group(group).await.refused(404, "not_found");
    let message = json!({"client_message_id": "late", "text": "hello"});
    user.post_message(group, &message).await.refused(404, "not_found");
    let frame: Value = json!({"action": "send", "to": group, "text": "hello"});
    user.connect().await.refused(frame, "not_found").await;
}

#[tokio::test]
async fn a_deleted_group_is_not_found() {
    let [alice, bob, carol] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    bob.connect().await.say(&group, "last words").await;
    alice.delete_group(&group).await.no_content();
    for (user, other) in [(&alice, &bob), (&bob, &carol), (&carol, &alice)] {
        check_not_found(user, other, &group).await;
        user.assert_not_listed(&group).await;
    }
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_not_found() {
    let [alice, bob] = Chat::new().users().await;
    check_not_found(&alice, &bob, NO_GROUP).await;
    alice.page(NO_GROUP, "").await.refused(404, "not_found");
    let mut socket = alice.connect().await;
    socket.refused(json!({"action": "history", "conversation": NO_GROUP}), "not_found").await;
    alice.assert_not_listed(NO_GROUP).await;
}

#[tokio::test]
async fn a_name_counts_once_however_often_it_is_given() {
    let [alice, bob] = Chat::new().users().await;
    let members = vec![bob.id.as_str(); 250];
    let group = alice.http.post("/v1/groups", &json!({"name": "Two", "members": members})).await;
    assert_eq!(group.with_status(201)["members"].as_array().map(Vec::len), Some(2));
}
