//! A log that has grown before a retention was set: hidden entries stay stored, and a reader does not scan them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use confab_app::messages::read_history::{Anchor, HistoryPage, PageSize, read_history};
use confab_app::ports::{Deadline, Inboxes};
use confab_app::sync::{self, SyncQuery};
use confab_domain::log::Attempt;
use confab_domain::retention::Retention;
use confab_domain::{ConnectionId, Content, ConversationId, Kind, Message, Seq, Timestamp, UserId};
use confab_memory::{CallOutcome, FaultInjector, Gateway, Memory, NoFaults};
use confab_protocol::ServerFrame;
use ulid::Ulid;

use crate::executor::finish;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const TODAY: Retention = Retention::days(30);
const HIDDEN: u64 = 20_000;
const SHOWN: u64 = 70;

/// Counts the calls to a store.
#[derive(Default)]
struct Counted(AtomicU32);

impl FaultInjector for Counted {
    fn next_outcome(&self) -> CallOutcome {
        self.0.fetch_add(1, Relaxed);
        CallOutcome::Done
    }
}

struct Late;

impl Deadline for Late {
    fn is_near(&self) -> bool {
        false
    }
}

struct World {
    memory: Memory,
    calls: Arc<Counted>,
}

fn reader() -> UserId {
    UserId::new(Ulid(1))
}

fn conversation() -> ConversationId {
    ConversationId::dm(reader(), UserId::new(Ulid(2))).unwrap()
}

impl World {
    /// A world with messages of these ages, the oldest first.
    fn new(messages: impl Iterator<Item = (Duration, Option<Timestamp>)>) -> Self {
        let calls = Arc::new(Counted::default());
        let memory = Memory::new(Arc::clone(&calls) as Arc<dyn FaultInjector>);
        finish(memory.open(conversation(), [reader(), UserId::new(Ulid(2))])).unwrap();
        for (seq, (age, expires_at)) in (1..).zip(messages) {
            memory.overwrite(&Message {
                conversation: conversation(),
                seq: Seq::new(seq).unwrap(),
                sender: UserId::new(Ulid(2)),
                client_message_id: format!("m{seq}").parse().unwrap(),
                content: Content { text: Some("hello".to_owned()), ..Content::default() },
                kind: Kind::Text,
                sent_at: NOW.minus(age),
                attempt: Attempt(1),
                expires_at,
                mark_revision: 0,
            });
        }
        Self { memory, calls }
    }

    /// A world with one message an hour, of which only the last are shown.
    fn grown() -> Self {
        let newest_hidden = Duration::from_secs(31 * 24 * 3600);
        let hour = |n| Duration::from_secs(3600 * u64::from(u32::try_from(n).unwrap()));
        let hidden = (0..HIDDEN).rev().map(move |n| (newest_hidden + hour(n), None));
        Self::new(hidden.chain((0..SHOWN).rev().map(move |n| (hour(n), None))))
    }

    /// A page, and the number of calls that it took.
    fn page(&self, anchor: Anchor) -> (HistoryPage, u32) {
        let size = PageSize { messages_max: 50, bytes_max: usize::MAX, bytes_of: |_: &Message| 1 };
        let before = self.calls.0.load(Relaxed);
        let page = finish(read_history(&self.memory, reader(), conversation(), anchor, size, TODAY, NOW));
        (page.unwrap(), self.calls.0.load(Relaxed) - before)
    }
}

fn seqs(page: &HistoryPage) -> Vec<u64> {
    page.messages.iter().map(|message| message.seq.get()).collect()
}

fn seq(seq: u64) -> Seq {
    Seq::new(seq).unwrap()
}

#[test]
fn a_page_downwards_ends_at_the_first_hidden_message() {
    let world = World::grown();
    let (page, calls) = world.page(Anchor::Newest);
    assert_eq!((seqs(&page), page.more), ((HIDDEN + 21..=HIDDEN + 70).collect(), true));
    assert_eq!((calls, page.scanned), (1, 1));
    let (page, calls) = world.page(Anchor::Before(seq(HIDDEN + 21)));
    assert_eq!((seqs(&page), page.more), ((HIDDEN + 1..=HIDDEN + 20).collect(), false));
    assert_eq!((calls, page.scanned), (1, 1));
    let (page, calls) = world.page(Anchor::Before(seq(HIDDEN)));
    assert_eq!((seqs(&page), page.more, calls), (vec![], false, 1));
}

#[test]
fn a_page_upwards_skips_hidden_messages() {
    let world = World::grown();
    let (page, calls) = world.page(Anchor::After(None));
    assert_eq!((seqs(&page), page.more), ((HIDDEN + 1..=HIDDEN + 50).collect(), true));
    assert!(calls < 20, "{calls}");
    let (page, calls) = world.page(Anchor::Around(seq(5)));
    assert_eq!((seqs(&page), page.more), ((HIDDEN + 1..=HIDDEN + 25).collect(), true));
    assert!(calls < 20, "{calls}");
}

#[test]
fn a_log_of_hidden_messages_has_an_empty_page_and_no_more() {
    let age = Duration::from_secs(31 * 24 * 3600);
    let world = World::new((0..HIDDEN).map(|_| (age, None)));
    for anchor in [Anchor::Newest, Anchor::After(None), Anchor::Around(seq(HIDDEN / 2))] {
        let (page, calls) = world.page(anchor);
        assert_eq!((seqs(&page), page.more), (vec![], false), "{anchor:?}");
        assert!(calls < 10, "{anchor:?}: {calls}");
    }
}

/// A slow send or another clock can put a hidden message between shown ones; it does not end the page.
#[test]
fn messages_shown_before_the_first_hidden_one_are_returned() {
    let border = Duration::from_secs(30 * 24 * 3600);
    let (just_shown, just_hidden) = (border - Duration::from_secs(10), border + Duration::from_secs(10));
    let ages = [just_hidden, just_shown, just_hidden, just_hidden, just_shown, just_hidden];
    let world = World::new(ages.into_iter().map(|age| (age, None)));
    for anchor in [Anchor::Newest, Anchor::After(None)] {
        assert_eq!(seqs(&world.page(anchor).0), [2, 5], "{anchor:?}");
    }
}

/// These messages have an expiry of their own, which proves nothing about their neighbours.
#[test]
fn a_page_reads_a_bounded_number_of_expired_messages_and_reports_more() {
    let world = World::new((0..HIDDEN).map(|_| (Duration::from_secs(60), Some(NOW))));
    for anchor in [Anchor::Newest, Anchor::After(None)] {
        let (page, calls) = world.page(anchor);
        assert_eq!((seqs(&page), page.more), (vec![], true), "{anchor:?}");
        assert!(calls < 80, "{anchor:?}: {calls}");
        assert!(page.scanned >= calls / 2, "{anchor:?}: {page:?}");
    }
}

#[test]
fn a_sync_skips_hidden_messages() {
    let world = World::grown();
    let gateway = Gateway::new(Arc::new(NoFaults));
    let connection = ConnectionId::new("c=");
    gateway.open(connection.clone());
    let frame = serde_json::from_str(r#"{"id": "s", "cursors": {}}"#).unwrap();
    let before = world.calls.0.load(Relaxed);
    let command = SyncQuery::parse(frame).unwrap();
    let syncing =
        sync::sync(&world.memory, &gateway, reader(), &connection, &command, TODAY, NOW, (&Late, &|_| {}));
    let ServerFrame::Sync(answer) = finish(syncing).unwrap() else { panic!("no answer to a sync") };
    assert!(answer.complete);
    let given: usize = answer.conversations.iter().map(|part| part.messages.len()).sum();
    assert_eq!(given as u64, SHOWN);
    let calls = world.calls.0.load(Relaxed) - before;
    assert!(calls < 30, "{calls}");
}
