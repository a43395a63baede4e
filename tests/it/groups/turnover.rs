//! Members who join and leave while others write.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Chat, Socket, User, fresh_id, message_of, seqs};

/// Seed of the joins and leaves.
const SEED: u64 = 0x5eed;

/// Number of users who join and leave.
const GUESTS: usize = 6;

/// Number of joins and leaves.
const CHANGES: usize = 30;

/// Messages that each user tries to send.
const MESSAGES: usize = 15;

/// A pseudorandom generator (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

/// Adds and removes guests, one after the other.
async fn let_in_and_out(owner: &User, group: &str, guests: &[User], mut inside: Vec<bool>) -> Vec<bool> {
    let mut numbers = Numbers(SEED);
    for _ in 0..CHANGES {
        let guest = numbers.below(guests.len());
        if inside[guest] {
            let status = owner.remove_member(group, &guests[guest]).await.status;
            // 404: an attempt of unknown outcome had succeeded.
            assert!([204, 404].contains(&status), "{status}");
        } else {
            owner.put_member(group, &guests[guest], None).await.ok();
        }
        inside[guest] = !inside[guest];
    }
    inside
}

/// Sends one message after the other, whether they are accepted or not; returns the acks.
async fn write(socket: &mut Socket, group: &str) -> Vec<Value> {
    let mut acks = Vec::new();
    while acks.len() < MESSAGES {
        let frame = json!({"action": "send", "id": fresh_id(), "to": group, "text": "hello"});
        let mut answer = socket.ask(frame.clone()).await;
        while answer["code"] == "unavailable" {
            answer = socket.ask(frame.clone()).await;
        }
        assert!(answer["type"] == "ack" || answer["code"] == "forbidden", "{answer}");
        acks.push(answer);
    }
    acks.retain(|answer| answer["type"] == "ack");
    acks
}

/// The part of a log within a user's memberships, derived from the log itself.
fn visible_to(log: &[Value], user: &User) -> Vec<Value> {
    let (mut inside, mut visible) = (false, Vec::new());
    for entry in log {
        let concerns =
            entry["mentions"].as_array().is_some_and(|users| users.contains(&user.id.as_str().into()));
        match entry["kind"].as_str() {
            Some("group_created") => inside = concerns || entry["sender"] == user.id.as_str(),
            Some("member_added") if concerns => inside = true,
            _ => {}
        }
        if inside {
            visible.push(entry.clone());
        }
        if concerns && entry["kind"] == "member_removed" {
            inside = false;
        }
    }
    visible
}

/// Checks that every ack has an entry, and that no user wrote while they were out.
fn check_acks(log: &[Value], acks: &[(User, Vec<Value>)]) {
    assert_eq!(seqs(log), (1..=log.len() as u64).collect::<Vec<_>>());
    for (user, acks) in acks {
        let visible = visible_to(log, user);
        let texts = log.iter().filter(|entry| entry["kind"] == "text" && entry["sender"] == user.id.as_str());
        let mut written: Vec<(&Value, &Value)> =
            texts.clone().map(|entry| (&entry["seq"], &entry["client_message_id"])).collect();
        let mut acked: Vec<(&Value, &Value)> = acks.iter().map(|ack| (&ack["seq"], &ack["id"])).collect();
        written.sort_by_key(|(seq, _)| seq.as_u64());
        acked.sort_by_key(|(seq, _)| seq.as_u64());
        assert_eq!(acked, written);
        texts.for_each(|entry| assert!(visible.contains(entry), "{entry} of {}", user.id));
    }
}

/// Checks that pages, `sync`, the chat list and events show a user the time of their memberships.
async fn check_view(log: &[Value], user: &User, socket: &mut Socket, group: &str, is_inside: bool) {
    let visible = visible_to(log, user);
    for event in socket.unseen().await {
        if event["type"] == "message" {
            assert!(visible.contains(&message_of(event.clone())), "{event} is not for {}", user.id);
        }
    }
    if is_inside {
        assert_eq!(user.log(group).await, visible);
        assert_eq!(socket.missed(group, json!({})).await, visible);
        assert_eq!(user.listed(group).await["last_seq"], log.len());
    } else {
        user.assert_not_listed(group).await;
        if visible.is_empty() {
            user.page(group, "").await.refused(403, "forbidden");
        } else {
            assert_eq!(user.log(group).await, visible);
        }
    }
}

#[tokio::test]
async fn a_member_who_joins_and_leaves_sees_the_log_of_their_memberships() {
    let crowd = Chat::new().crowd(2 + GUESTS).await;
    let (hosts, guests) = crowd.split_at(2);
    let owner = &hosts[0];
    let inside: Vec<bool> = (0..GUESTS).map(|guest| guest % 2 == 0).collect();
    let first = guests.iter().zip(&inside).filter(|(_, inside)| **inside).map(|(guest, _)| guest);
    let group = owner.create_group(&[&hosts[1]].into_iter().chain(first).collect::<Vec<_>>()).await;
    let mut sockets = join_all(crowd.iter().map(User::connect)).await;
    let mut watching = hosts[1].connect().await;

    let (inside, acks) = tokio::join!(
        let_in_and_out(owner, &group, guests, inside),
        join_all(sockets.iter_mut().map(|socket| write(socket, &group)))
    );

    let log = owner.log(&group).await;
    check_acks(&log, &crowd.iter().cloned().zip(acks).collect::<Vec<_>>());
    let changes =
        log.iter().filter(|entry| entry["kind"] == "member_added" || entry["kind"] == "member_removed");
    assert_eq!(changes.count(), CHANGES);
    for entry in &log[1..] {
        assert_eq!(&message_of(watching.next_at(&group, entry["seq"].as_u64().unwrap()).await), entry);
    }
    let is_inside = [true, true].into_iter().chain(inside);
    for ((user, socket), is_inside) in crowd.iter().zip(&mut sockets).zip(is_inside) {
        check_view(&log, user, socket, &group, is_inside).await;
    }
}
