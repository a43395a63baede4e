use std::sync::Arc;

use super::*;
use crate::sqs::message::Content;

const TIMEOUT: Ms = 30_000;

fn message(sent_at: Ms) -> Message {
    let content = Content {
        id: format!("id-{sent_at}"),
        body: "body".to_owned(),
        attributes: BTreeMap::new(),
        group_id: None,
        sent_at,
    };
    Message { content: Arc::new(content), receives: 0, first_received_at: None, dead_letter_source: None }
}

/// A queue with messages sent at 1, 2 …, each visible from then on.
fn queue_of(count: u64) -> Queue {
    let mut queue = Queue::default();
    for at in 1..=count {
        queue.insert(Key(at), message(at), at, at);
    }
    queue
}

fn demand(count_max: usize) -> Demand {
    Demand { count_max, visibility_timeout: TIMEOUT, receives_max: None }
}

fn receive(queue: &mut Queue, count_max: usize, now: Ms) -> Vec<(Key, Message)> {
    queue.advance(now);
    queue.receive(demand(count_max), now).handed_out
}

fn keys(messages: &[(Key, Message)]) -> Vec<u64> {
    messages.iter().map(|(key, _)| key.0).collect()
}

#[track_caller]
fn check_counts(queue: &Queue, visible: usize, in_flight: usize, delayed: usize) {
    assert_eq!(queue.counts(), Counts { visible, in_flight, delayed });
}

#[test]
fn messages_are_handed_out_in_the_order_of_sending() {
    let mut queue = queue_of(5);
    assert_eq!(keys(&receive(&mut queue, 2, 10)), [1, 2]);
    assert_eq!(keys(&receive(&mut queue, 10, 10)), [3, 4, 5]);
    assert_eq!(keys(&receive(&mut queue, 10, 10)), [0; 0]);
    check_counts(&queue, 0, 5, 0);
}

#[test]
fn a_message_that_is_not_deleted_is_visible_again_after_its_timeout() {
    let mut queue = queue_of(1);
    receive(&mut queue, 1, 10);
    assert_eq!(queue.next_visible_at(), Some(10 + TIMEOUT));
    assert_eq!(keys(&receive(&mut queue, 1, 10 + TIMEOUT - 1)), [0; 0]);
    let again = receive(&mut queue, 1, 10 + TIMEOUT);
    assert_eq!((again[0].1.receives, again[0].1.first_received_at), (2, Some(10)));
}

#[test]
fn a_delayed_message_is_neither_visible_nor_in_flight() {
    let mut queue = Queue::default();
    queue.insert(Key(1), message(0), 500, 0);
    check_counts(&queue, 0, 0, 1);
    assert_eq!(keys(&receive(&mut queue, 1, 499)), [0; 0]);
    assert_eq!(keys(&receive(&mut queue, 1, 500)), [1]);
    check_counts(&queue, 0, 1, 0);
}

#[test]
fn a_deleted_message_is_never_handed_out_again() {
    let mut queue = queue_of(1);
    let (key, message) = receive(&mut queue, 1, 10).remove(0);
    assert!(queue.delete(&Receipt::of(key, &message)));
    assert!(!queue.delete(&Receipt::of(key, &message)));
    queue.advance(10 + TIMEOUT);
    check_counts(&queue, 0, 0, 0);
}

#[test]
fn a_receipt_is_good_until_the_message_is_handed_out_again() {
    let mut queue = queue_of(2);
    let first = receive(&mut queue, 2, 10);
    queue.advance(10 + TIMEOUT);
    assert!(queue.delete(&Receipt::of(first[0].0, &first[0].1)), "visible again, but not handed out again");
    receive(&mut queue, 1, 10 + TIMEOUT);
    assert!(!queue.delete(&Receipt::of(first[1].0, &first[1].1)));
    check_counts(&queue, 0, 1, 0);
}

#[test]
fn visibility_is_changed_of_messages_in_flight_only() {
    let mut queue = queue_of(1);
    let (key, message) = receive(&mut queue, 1, 10).remove(0);
    let receipt = Receipt::of(key, &message);
    assert_eq!(queue.change_visibility(&receipt, 60_000, 20), Ok(()));
    assert_eq!(queue.next_visible_at(), Some(60_020));
    assert_eq!(queue.change_visibility(&receipt, 0, 30), Ok(()));
    check_counts(&queue, 1, 0, 0);
    assert_eq!(queue.change_visibility(&receipt, 0, 30), Err(NotChanged::NotInFlight));
    receive(&mut queue, 1, 40);
    assert_eq!(queue.change_visibility(&receipt, 0, 50), Err(NotChanged::Superseded));
}

#[test]
fn a_message_at_the_limit_of_hand_outs_is_dead_lettered() {
    let mut queue = queue_of(2);
    let demand = Demand { receives_max: Some(1), ..demand(1) };
    assert_eq!(keys(&queue.receive(demand, 10).handed_out), [1]);
    queue.advance(10 + TIMEOUT);
    let received = queue.receive(Demand { count_max: 10, ..demand }, 10 + TIMEOUT);
    assert_eq!((keys(&received.handed_out), keys(&received.given_up)), (vec![2], vec![1]));
    check_counts(&queue, 0, 1, 0);
}

#[test]
fn one_receive_hands_out_a_message_once_even_without_a_timeout() {
    let mut queue = queue_of(1);
    let demand = Demand { visibility_timeout: 0, ..demand(10) };
    assert_eq!(queue.receive(demand, 10).handed_out.len(), 1);
    check_counts(&queue, 1, 0, 0);
}

#[test]
fn old_messages_expire_in_every_state() {
    let mut queue = queue_of(3);
    queue.insert(Key(4), message(4), 900_000, 4);
    receive(&mut queue, 1, 10);
    assert_eq!(queue.expire(2), [Key(1), Key(2)]);
    check_counts(&queue, 1, 0, 1);
    assert_eq!(queue.expire(4), [Key(3), Key(4)]);
    check_counts(&queue, 0, 0, 0);
    assert_eq!(queue.next_visible_at(), None);
}

#[test]
fn a_queue_of_a_hundred_thousand_messages_is_fast() {
    let mut queue = queue_of(100_000);
    let mut now = 100_000;
    while let Some((key, message)) = receive(&mut queue, 1, now).pop() {
        now += 1;
        if key.0 % 2 == 0 {
            assert!(queue.delete(&Receipt::of(key, &message)));
        }
        if now > 200_000 {
            break;
        }
    }
    let Counts { visible, in_flight, delayed } = queue.counts();
    assert_eq!(visible + in_flight + delayed, queue.entries.len());
}
