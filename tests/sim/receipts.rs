//! Two devices of one user that read at the same moment: the receipt that is announced last has the highest position.

use std::pin::pin;
use std::task::{Context, Waker};

use confab_app::messages::mark_read::mark_read;
use confab_app::ports::{Consistency, InboxRow, Inboxes, MessageLog, Sessions};
use confab_app::push::PushTask;
use confab_domain::log::Attempt;
use confab_domain::{ConnectionId, Content, ConversationId, Kind, Message, Seq, Timestamp};
use confab_memory::{DelayQueue, Gateway, Memory};
use confab_protocol::ServerFrame;

use crate::executor::finish;
use crate::world::{identity, socket};

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

/// More polls than a read takes.
const POLLS_MAX: usize = 40;

fn seq(n: u64) -> Seq {
    Seq::new(n).unwrap()
}

fn message(conversation: ConversationId, n: u64) -> Message {
    Message {
        conversation,
        seq: seq(n),
        sender: identity(1, 0).user,
        client_message_id: format!("m{n}").parse().unwrap(),
        content: Content { text: Some("hello".to_owned()), ..Content::default() },
        kind: Kind::Text,
        sent_at: NOW,
        attempt: Attempt(1),
        expires_at: None,
        mark_revision: 0,
    }
}

/// The receipts that the other user gets, in order. The second read begins and ends after `polls` polls of the first.
fn receipts(polls: usize, [first, second]: [u64; 2]) -> Vec<u64> {
    let (store, gateway, pushes) = (Memory::default(), Gateway::default(), DelayQueue::<PushTask>::default());
    let [reader, other] = [0, 1].map(|n| identity(n, 0));
    let conversation = ConversationId::dm(reader.user, other.user).unwrap();
    finish(store.open(conversation, [reader.user, other.user])).unwrap();
    for n in 1..=9 {
        finish(store.append(&message(conversation, n))).unwrap();
    }
    let connection = ConnectionId::new("c=");
    finish(store.open_connection(other.user, &socket(other, &connection, NOW), NOW)).unwrap();
    gateway.open(connection.clone());
    let read = |n| mark_read(&store, (&gateway, &pushes), reader, None, conversation, seq(n), NOW);
    let mut slow = pin!(read(first));
    let mut context = Context::from_waker(Waker::noop());
    let done = (0..polls).any(|_| slow.as_mut().poll(&mut context).is_ready());
    finish(read(second)).unwrap();
    if !done {
        finish(slow).unwrap();
    }
    let row: InboxRow = finish(store.get(reader.user, conversation, Consistency::Strong)).unwrap().unwrap();
    assert_eq!(row.read_seq, Some(seq(first.max(second))));
    let frames = gateway.take_frames(&connection);
    let read_seq = |frame: &Vec<u8>| {
        let frame: ServerFrame = serde_json::from_slice(frame).unwrap();
        let ServerFrame::Receipt(receipt) = frame else { panic!("unexpected {frame:?}") };
        receipt.read_seq
    };
    frames.iter().map(read_seq).collect()
}

#[test]
fn the_receipt_that_is_announced_last_is_the_highest() {
    for reads in [[5, 7], [7, 5]] {
        for polls in 0..POLLS_MAX {
            let announced = receipts(polls, reads);
            assert_eq!(announced.last(), Some(&7), "after {polls} polls: {announced:?}");
        }
    }
}

#[test]
fn a_read_alone_announces_one_receipt() {
    assert_eq!(receipts(0, [5, 9]), [9]);
}
