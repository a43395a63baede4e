//! Appends, and the end of a log.

use std::time::Duration;

use confab_app::ports::{AppendError, MessageLog, Range, Tail};
use confab_domain::log::Attempt;
use confab_domain::{Content, Message, Seq};
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::{NOW, key, seq};

/// Appends messages 1 to `n`.
pub(crate) async fn fill(log: &impl MessageLog, ids: Ids, n: u64) -> Vec<Message> {
    let messages: Vec<Message> = (1..=n).map(|position| ids.message(position, "hello")).collect();
    for message in &messages {
        append(log, message).await.unwrap();
    }
    messages
}

/// Appends a message.
pub(crate) async fn append(log: &impl MessageLog, message: &Message) -> Result<(), AppendError> {
    log.append(message).await
}

/// The whole log, page by page.
pub(crate) async fn read_all(log: &impl MessageLog, ids: Ids) -> Vec<Message> {
    let (mut messages, mut rest) = (Vec::new(), Range::after(None));
    while let Some(range) = rest.take() {
        let page = log.page(ids.dm(), range, 100).await.unwrap();
        rest = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
        messages.extend(page.entries);
    }
    messages
}

fn occupant(result: Result<(), AppendError>) -> Message {
    match result {
        Err(AppendError::Occupied(occupant)) => *occupant,
        other => panic!("expected an occupant, got {other:?}"),
    }
}

fn rich(ids: Ids, position: u64) -> Message {
    let content = Content {
        text: Some("Grüße 🙂\n\u{0}\"end\"".to_owned()),
        reply_to: Seq::new(3),
        mentions: vec![ids.user(9), ids.user(2)],
    };
    Message { content, attempt: Attempt(u32::MAX), ..ids.message(position, "") }
}

pub async fn an_append_at_a_free_position_is_written(log: &impl MessageLog, ids: Ids) {
    let message = rich(ids, 1);
    append(log, &message).await.unwrap();
    assert_eq!(read_all(log, ids).await, [message]);
}

pub async fn an_append_at_a_taken_position_gives_the_occupant_whole(log: &impl MessageLog, ids: Ids) {
    let first = rich(ids, 1);
    append(log, &first).await.unwrap();
    let second = Message { sender: ids.user(2), attempt: Attempt(0), ..ids.message(1, "too late") };
    assert_eq!(occupant(append(log, &second).await), first);
    assert_eq!(read_all(log, ids).await, [first]);
}

pub async fn an_empty_list_of_mentions_and_no_answer_read_back_so(log: &impl MessageLog, ids: Ids) {
    let message = Message { attempt: Attempt(0), ..ids.message(1, "plain") };
    append(log, &message).await.unwrap();
    assert_eq!(read_all(log, ids).await, std::slice::from_ref(&message));
    assert_eq!(occupant(append(log, &ids.message(1, "other")).await), message);
}

pub async fn of_racing_appends_at_a_position_exactly_one_is_written(log: &impl MessageLog, ids: Ids) {
    let racers: Vec<Message> =
        (0..8).map(|n| Message { attempt: Attempt(n), ..ids.message(1, "me") }).collect();
    let results = join_all(racers.iter().map(|message| append(log, message))).await;
    let stored = read_all(log, ids).await;
    assert_eq!(stored.len(), 1);
    for (message, result) in racers.iter().zip(results) {
        match result {
            Ok(()) => assert_eq!(stored, std::slice::from_ref(message)),
            refused => assert_eq!(stored, [occupant(refused)]),
        }
    }
}

pub async fn racing_writers_leave_a_log_without_a_hole(log: &impl MessageLog, ids: Ids) {
    const WRITERS: u64 = 6;
    join_all((1..=WRITERS).map(|writer| async move {
        let mut position = 1;
        while position <= WRITERS {
            let message = Message { client_message_id: key(writer), ..ids.message(position, "me") };
            match append(log, &message).await {
                Ok(()) => return,
                refused => assert_eq!(occupant(refused).seq, seq(position)),
            }
            position += 1;
        }
        panic!("writer {writer} found no position");
    }))
    .await;
    let stored = read_all(log, ids).await;
    assert!(stored.iter().map(|message| message.seq.get()).eq(1..=WRITERS));
    let mut keys: Vec<_> = stored.iter().map(|message| message.client_message_id.clone()).collect();
    keys.sort();
    assert!(keys.into_iter().eq((1..=WRITERS).map(key)));
}

/// An SDK repeats a request by itself after a lost answer.
pub async fn the_same_append_twice_finds_itself(log: &impl MessageLog, ids: Ids) {
    let message = ids.message(1, "hello");
    append(log, &message).await.unwrap();
    assert_eq!(occupant(append(log, &message).await).attempt, message.attempt);
}

pub async fn a_message_that_expires_reads_back_the_same(log: &impl MessageLog, ids: Ids) {
    let expires_at = Some(NOW.plus(Duration::from_secs(86_400)));
    let message = Message { expires_at, mark_revision: 3, ..ids.message(1, "for a day") };
    append(log, &message).await.unwrap();
    assert_eq!(read_all(log, ids).await, [message]);
}

pub async fn logs_of_different_conversations_are_independent(log: &impl MessageLog, ids: Ids) {
    let here = ids.message(1, "here");
    let there = Message { conversation: ids.dm_with(3), ..ids.message(1, "there") };
    append(log, &here).await.unwrap();
    append(log, &there).await.unwrap();
    assert_eq!(log.tail(ids.dm(), 5).await.unwrap().newest, [here]);
    assert_eq!(log.tail(ids.dm_with(3), 5).await.unwrap().newest, [there]);
}

pub async fn a_log_that_never_had_a_message_has_no_head(log: &impl MessageLog, ids: Ids) {
    let tail = log.tail(ids.dm(), 8).await.unwrap();
    assert_eq!((tail.last(), tail.more), (None, false));
    assert_eq!(log.mark(ids.dm()).await.unwrap(), None);
    let end = log.end(ids.dm(), 8).await.unwrap();
    assert_eq!((end.tail.last(), end.tail.more, end.mark), (None, false, None));
}

pub async fn a_tail_gives_the_newest_first_and_whether_there_may_be_more(log: &impl MessageLog, ids: Ids) {
    let messages = fill(log, ids, 5).await;
    for wanted in 1..=7 {
        let Tail { newest, more } = log.tail(ids.dm(), wanted).await.unwrap();
        assert!(!newest.is_empty() && newest.len() <= wanted as usize);
        assert!(more || newest.len() == messages.len(), "{wanted} wanted");
        assert!(newest.iter().eq(messages.iter().rev().take(newest.len())));
    }
}
