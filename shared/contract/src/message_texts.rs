//! Texts of every size.

use confab_app::ports::{AppendError, MessageLog, Range};
use confab_domain::{Content, Message};

use crate::Ids;
use crate::message_log::append;

/// Numbers from 0 up to `bound`, without a pattern that a compressor could find.
fn draws(bound: u32) -> impl Iterator<Item = u32> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        u32::try_from(state % u64::from(bound)).unwrap()
    })
}

/// A text of printable ASCII that no compressor makes much smaller.
pub(crate) fn noise(bytes: usize) -> String {
    draws(95).take(bytes).map(|draw| char::from_u32(u32::from(' ') + draw).unwrap()).collect()
}

async fn reads_back(log: &impl MessageLog, ids: Ids, text: &str) {
    let message = ids.message(1, text);
    append(log, &message).await.unwrap();
    // Without `assert_eq!`, which would print the texts.
    assert!(log.tail(ids.dm(), 1).await.unwrap().newest == [message.clone()], "in the tail");
    assert!(log.page(ids.dm(), Range::from_newest(), 1).await.unwrap().entries == [message], "in a page");
}

pub async fn a_text_of_one_byte_reads_back(log: &impl MessageLog, ids: Ids) {
    reads_back(log, ids, "x").await;
}

pub async fn a_text_of_a_kilobyte_reads_back(log: &impl MessageLog, ids: Ids) {
    reads_back(log, ids, &"All work and no play. ".repeat(47)).await;
}

pub async fn the_longest_ascii_text_reads_back(log: &impl MessageLog, ids: Ids) {
    reads_back(log, ids, &"x".repeat(100_000)).await;
}

pub async fn the_longest_text_in_bytes_reads_back(log: &impl MessageLog, ids: Ids) {
    reads_back(log, ids, &"🙂".repeat(100_000)).await;
}

pub async fn an_incompressible_text_reads_back(log: &impl MessageLog, ids: Ids) {
    reads_back(log, ids, &noise(100_000)).await;
}

pub async fn the_longest_incompressible_text_reads_back(log: &impl MessageLog, ids: Ids) {
    let four_bytes_each = draws(0x10_0000).map(|draw| char::from_u32(0x1_0000 + draw).unwrap());
    reads_back(log, ids, &four_bytes_each.take(100_000).collect::<String>()).await;
}

pub async fn a_large_occupant_is_given_whole(log: &impl MessageLog, ids: Ids) {
    let message = ids.message(1, &noise(100_000));
    append(log, &message).await.unwrap();
    match append(log, &ids.message(1, "too late")).await {
        Err(AppendError::Occupied(occupant)) => assert!(*occupant == message),
        other => panic!("expected an occupant, got {other:?}"),
    }
}

pub async fn a_hundred_mentions_read_back(log: &impl MessageLog, ids: Ids) {
    let mentions = (0..100).map(|n| ids.user(n)).collect();
    let content = Content { mentions, ..ids.message(1, "all of you").content };
    let message = Message { content, ..ids.message(1, "") };
    append(log, &message).await.unwrap();
    assert_eq!(log.tail(ids.dm(), 1).await.unwrap().newest, [message]);
}
