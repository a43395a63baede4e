//! Many members who act concurrently.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, Socket, User, seqs};

const SENDERS: usize = 50;

/// Checks that a log runs from 1 to this position without a hole.
#[track_caller]
fn check_dense(log: &[Value], last: usize) {
    assert_eq!(seqs(log), (1..=last as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn fifty_members_who_write_concurrently_fill_the_log_without_a_hole() {
    let crowd = Chat::new().crowd(SENDERS).await;
    let (owner, others) = crowd.split_first().unwrap();
    let group = owner.create_group(&others.iter().collect::<Vec<_>>()).await;
    let mut sockets = join_all(crowd.iter().map(User::connect)).await;
    let acks = join_all(sockets.iter_mut().map(|socket| socket.say(&group, "me first"))).await;

    let log = owner.log(&group).await;
    check_dense(&log, SENDERS + 1);
    let mut acked = seqs(&acks);
    acked.sort_unstable();
    assert_eq!(acked, seqs(&log[1..]));
    for (user, ack) in crowd.iter().zip(&acks) {
        let entry = &log[usize::try_from(ack["seq"].as_u64().unwrap()).unwrap() - 1];
        assert_eq!(
            (&entry["client_message_id"], &entry["sender"], &entry["sent_at_ms"]),
            (&ack["id"], &user.id.as_str().into(), &ack["sent_at_ms"])
        );
    }

    let see_the_others = async |(socket, ack): (&mut Socket, &Value)| {
        for entry in log[1..].iter().filter(|entry| entry["seq"] != ack["seq"]) {
            let event = socket.next_at(&group, entry["seq"].as_u64().unwrap()).await;
            assert_eq!(event["client_message_id"], entry["client_message_id"]);
        }
    };
    join_all(sockets.iter_mut().zip(&acks).map(see_the_others)).await;
    assert_eq!(others[0].log(&group).await, log);
    assert_eq!(sockets[1].missed(&group, json!({})).await, log);
}

#[tokio::test]
async fn of_ten_concurrent_sends_with_one_id_one_is_no_duplicate() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    let frame = json!({"action": "send", "id": "burst", "to": group, "text": "once"});
    let other = alice.another_device().await;
    let mut sockets = join_all([&alice, &other].repeat(5).into_iter().map(User::connect)).await;
    let acks = join_all(sockets.iter_mut().map(|socket| socket.deliver(frame.clone()))).await;
    assert!(acks.iter().all(|ack| ack["seq"] == 2), "{acks:?}");
    assert_eq!(acks.iter().filter(|ack| ack["duplicate"] == false).count(), 1, "{acks:?}");
    check_dense(&bob.log(&group).await, 2);
}

#[tokio::test]
async fn a_user_who_is_added_by_several_members_concurrently_joins_once() {
    let [alice, bob, carol, dave] = Chat::new().users().await;
    let group = alice.create_group(&[&bob, &carol]).await;
    for admin in [&bob, &carol] {
        alice.put_member(&group, admin, Some("admin")).await.ok();
    }
    let actors = [&alice, &bob, &carol, &alice, &bob, &carol];
    let answers = join_all(actors.map(|actor| actor.put_member(&group, &dave, None))).await;
    for answer in answers {
        assert_eq!(tests::roles(&answer.ok())[&dave.id], "member");
    }
    check_dense(&alice.log(&group).await, 4);
    assert_eq!(dave.log(&group).await.len(), 1);
}

#[tokio::test]
async fn of_two_last_owners_who_leave_concurrently_one_stays() {
    let [alice, bob] = Chat::new().users().await;
    for _ in 0..5 {
        let group = alice.create_group(&[&bob]).await;
        alice.put_member(&group, &bob, Some("owner")).await.ok();
        let (left, demoted) =
            tokio::join!(alice.remove_member(&group, &alice), bob.put_member(&group, &bob, Some("member")));
        let owner = match (left.status, demoted.status) {
            (204, 403) => &bob,
            (403, 200) => &alice,
            other => panic!("not one of them went: {other:?}"),
        };
        assert_eq!(owner.roles(&group).await[&owner.id], "owner");
        check_dense(&owner.log(&group).await, 3);
    }
}

#[tokio::test]
async fn of_names_given_concurrently_the_last_in_the_log_stays() {
    let [alice, bob] = Chat::new().users().await;
    let group = alice.create_group(&[&bob]).await;
    alice.put_member(&group, &bob, Some("admin")).await.ok();
    let names = ["one", "two", "three", "four", "five", "six"];
    let actors = [&alice, &bob].into_iter().cycle();
    let answers = join_all(actors.zip(names).map(|(actor, name)| actor.rename_group(&group, name))).await;
    answers.into_iter().for_each(|answer| drop(answer.ok()));
    let log = alice.log(&group).await;
    check_dense(&log, 2 + names.len());
    let mut given: Vec<&str> = log[2..].iter().map(|entry| entry["text"].as_str().unwrap()).collect();
    assert_eq!(alice.get_group(&group).await.ok()["name"], *given.last().unwrap());
    given.sort_unstable();
    assert_eq!(given, ["five", "four", "one", "six", "three", "two"]);
}

#[tokio::test]
async fn concurrent_changes_and_messages_share_one_order() {
    let crowd = Chat::new().crowd(8).await;
    let (alice, others) = crowd.split_first().unwrap();
    let (writers, late) = others.split_at(3);
    let group = alice.create_group(&writers.iter().collect::<Vec<_>>()).await;
    let write = async |writer: &User| {
        let mut socket = writer.connect().await;
        for _ in 0..5 {
            socket.say(&group, "among changes").await;
        }
    };
    let add = async |user: &User| drop(alice.put_member(&group, user, None).await.ok());
    tokio::join!(join_all(writers.iter().map(write)), join_all(late.iter().map(add)));
    let log = alice.log(&group).await;
    check_dense(&log, 1 + 3 * 5 + late.len());
    let mut kinds = BTreeMap::new();
    log.iter().for_each(|entry| *kinds.entry(entry["kind"].as_str().unwrap()).or_insert(0) += 1);
    assert_eq!(kinds, BTreeMap::from([("group_created", 1), ("member_added", 4), ("text", 15)]));
    for user in late {
        let own = log.iter().position(|entry| entry["mentions"] == json!([user.id])).unwrap();
        assert_eq!(user.log(&group).await, log[own..]);
    }
}
