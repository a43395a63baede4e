//! Pages of a log.

use confab_app::ports::{Direction, MessageLog, PAGE_TEXT_BYTES_MAX, Range};
use confab_domain::{Heading, Message, Seq};

use crate::Ids;
use crate::ids::seq;
use crate::message_log::{append, fill};

fn range(from: u64, to: u64, direction: Direction) -> Range {
    Range { from: seq(from), to: seq(to), direction }
}

/// Reads a range page by page, and checks the promises of every page.
async fn tiled(log: &impl MessageLog, ids: Ids, range: Range, entries_max: u32) -> Vec<Message> {
    let (mut messages, mut rest) = (Vec::new(), Some(range));
    while let Some(range) = rest.take() {
        let page = log.page(ids.dm(), range, entries_max).await.unwrap();
        assert!(page.entries.len() <= entries_max as usize, "more entries than wanted");
        assert!(!(page.more && page.entries.is_empty()), "an empty page claims more");
        rest = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
        assert_eq!(page.more, rest.is_some(), "a page claims more though its range has ended");
        messages.extend(page.entries);
    }
    messages
}

pub async fn a_page_of_an_empty_log_is_empty(log: &impl MessageLog, ids: Ids) {
    for range in [Range::from_newest(), Range::after(None).unwrap()] {
        let page = log.page(ids.dm(), range, 10).await.unwrap();
        assert!(page.entries.is_empty() && !page.more);
    }
}

pub async fn a_page_goes_up_or_down_within_its_bounds(log: &impl MessageLog, ids: Ids) {
    let messages = fill(log, ids, 9).await;
    for (from, to) in [(1, 9), (3, 7), (4, 4), (7, 20), (1, 1)] {
        let expected = messages.iter().filter(|message| (from..=to).contains(&message.seq.get()));
        let up = tiled(log, ids, range(from, to, Direction::Up), 100).await;
        assert!(up.iter().eq(expected.clone()), "{from} to {to}, up");
        let down = tiled(log, ids, range(from, to, Direction::Down), 100).await;
        assert!(down.iter().eq(expected.rev()), "{from} to {to}, down");
    }
}

pub async fn a_range_beyond_the_log_is_empty(log: &impl MessageLog, ids: Ids) {
    fill(log, ids, 3).await;
    for direction in [Direction::Up, Direction::Down] {
        let beyond = Range { from: seq(4), to: Seq::MAX, direction };
        let page = log.page(ids.dm(), beyond, 10).await.unwrap();
        assert!(page.entries.is_empty() && !page.more);
    }
}

pub async fn pages_up_and_down_tile_whatever_their_size(log: &impl MessageLog, ids: Ids) {
    let messages = fill(log, ids, 12).await;
    for entries_max in 1..=13 {
        for cursor in 0..=12 {
            let after = Range::after(Seq::new(cursor)).unwrap();
            let up = tiled(log, ids, after, entries_max).await;
            assert!(up.iter().eq(messages.iter().filter(|message| message.seq.get() > cursor)));
        }
        let down = tiled(log, ids, Range::from_newest(), entries_max).await;
        assert!(down.iter().eq(messages.iter().rev()));
        let before = tiled(log, ids, Range::before(seq(6)).unwrap(), entries_max).await;
        assert!(before.iter().eq(messages[..5].iter().rev()));
    }
}

/// Reads are strongly consistent.
pub async fn a_page_after_an_append_has_it(log: &impl MessageLog, ids: Ids) {
    for position in 1..=5 {
        let message = ids.message(position, "read your writes");
        append(log, &message).await.unwrap();
        let newest = log.page(ids.dm(), Range::from_newest(), 1).await.unwrap().entries;
        assert_eq!(newest, std::slice::from_ref(&message));
        let tail = log.tail(ids.dm(), 1).await.unwrap();
        assert_eq!((tail.newest.as_slice(), tail.last()), ([message].as_slice(), Some(seq(position))));
    }
}

/// A store may cut a page short if its entries are large.
pub async fn large_messages_tile_too(log: &impl MessageLog, ids: Ids) {
    let text = crate::message_texts::noise(300_000);
    let messages: Vec<Message> = (1..=8).map(|position| ids.message(position, &text)).collect();
    for message in &messages {
        append(log, message).await.unwrap();
    }
    assert!(tiled(log, ids, Range::after(None).unwrap(), 100).await == messages);
    let down = tiled(log, ids, Range::from_newest(), 100).await;
    assert!(down.iter().eq(messages.iter().rev()));
    let tail = log.tail(ids.dm(), 8).await.unwrap();
    assert_eq!(tail.last(), Some(seq(8)));
    assert_eq!(tail.more, tail.newest.len() < 8);
    assert!(!tail.newest.is_empty() && tail.newest.iter().eq(messages.iter().rev().take(tail.newest.len())));
}

/// A short item may decompress to a long text, so a store bounds the text of a page.
pub async fn a_page_is_cut_where_its_texts_are_long_together(log: &impl MessageLog, ids: Ids) {
    let text = "🙂".repeat(100_000);
    let messages: Vec<Message> = (1..=7).map(|position| ids.message(position, &text)).collect();
    for message in &messages {
        append(log, message).await.unwrap();
    }
    for range in [Range::after(None).unwrap(), Range::from_newest()] {
        let page = log.page(ids.dm(), range, 100).await.unwrap();
        let bytes: usize =
            page.entries.iter().filter_map(|entry| entry.content.text.as_ref()).map(String::len).sum();
        assert!(page.more && !page.entries.is_empty() && bytes <= PAGE_TEXT_BYTES_MAX, "{bytes} bytes");
    }
    assert!(tiled(log, ids, Range::after(None).unwrap(), 100).await == messages);
    assert!(tiled(log, ids, Range::from_newest(), 100).await.iter().eq(messages.iter().rev()));
    let tail = log.tail(ids.dm(), 8).await.unwrap();
    assert!(tail.more && tail.newest.len() < 7);
}

pub async fn headings_tile_as_pages_do_however_long_the_texts(log: &impl MessageLog, ids: Ids) {
    let text = "🙂".repeat(100_000);
    let messages: Vec<Message> = (1..=7).map(|position| ids.message(position, &text)).collect();
    for message in &messages {
        append(log, message).await.unwrap();
    }
    for entries_max in [1, 3, 7, 100] {
        for range in [Range::after(None).unwrap(), Range::from_newest(), range(3, 5, Direction::Down)] {
            let (mut headings, mut rest) = (Vec::new(), Some(range));
            while let Some(range) = rest.take() {
                let page = log.headings(ids.dm(), range, entries_max).await.unwrap();
                assert!(page.entries.len() <= entries_max as usize, "more entries than wanted");
                assert!(!(page.more && page.entries.is_empty()), "an empty page claims more");
                rest = page.entries.last().filter(|_| page.more).and_then(|last| range.beyond(last.seq));
                headings.extend(page.entries);
            }
            let expected: Vec<Heading> =
                tiled(log, ids, range, entries_max).await.iter().map(Heading::from).collect();
            assert_eq!(headings, expected);
        }
    }
    assert!(log.headings(ids.dm(), range(8, 9, Direction::Up), 9).await.unwrap().entries.is_empty());
}
