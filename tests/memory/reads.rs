//! Memory of reads of other users' texts.

use confab_app::ports::{Inboxes, MessageLog};
use confab_domain::log::Attempt;
use confab_domain::{Content, ConversationId, Kind, Message, Seq, UserId};
use confab_lambda::clock;
use serde_json::json;
use ulid::Ulid;

use crate::bench::{Bench, User};
use crate::push_bench::silence;
use crate::{ALONE, check, measured};

/// A text of the longest length: 400 000 bytes, which are stored as 60.
fn longest() -> String {
    "🙂".repeat(100_000)
}

/// A text of 100 000 characters that hardly compresses.
fn noise() -> String {
    let mut state = 1_u32;
    let chars = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x1_0000 + (state >> 12)).unwrap_or('x')
    });
    chars.take(100_000).collect()
}

/// Has so many users write so many messages each to a user, by appends to the store.
async fn write_to(bench: &Bench, reader: UserId, others: u128, messages: u64, text: &str) {
    for n in 0..others {
        let sender = UserId::new(Ulid(1_000 + n));
        let conversation = ConversationId::dm(sender, reader).expect("two users");
        bench.store.open(conversation, [sender, reader]).await.expect("a store");
        for seq in 1..=messages {
            let message = Message {
                conversation,
                seq: Seq::new(seq).expect("a position"),
                sender,
                client_message_id: format!("m{seq}").parse().expect("an id"),
                content: Content { text: Some(text.to_owned()), ..Content::default() },
                kind: Kind::Text,
                sent_at: clock::now(),
                attempt: Attempt(1),
                expires_at: None,
                mark_revision: 0,
            };
            bench.store.append(&message).await.expect("a store");
        }
    }
}

#[tokio::test]
async fn an_expired_lease_with_24_conversations_of_60_of_the_longest_texts_adds_less_than_64_mb() {
    let _alone = ALONE.lock().await;
    let bench = Bench::new().await;
    let bob = User::new(&bench, 1).await;
    bench.registers(&bob, "token").await;
    write_to(&bench, bob.id, 24, 60, &longest()).await;
    bench.was_silent_for_long(&bob).await;
    let record = silence(&bob, 1);
    let (redeliver, added) = measured(bench.redeliver_push(&record)).await;
    assert!(!redeliver);
    assert_eq!(bench.pushes.published().len(), 32, "the first alerts");
    check("an expired lease", added);
}

#[tokio::test]
async fn a_chat_list_of_500_of_the_longest_texts_adds_less_than_64_mb() {
    let _alone = ALONE.lock().await;
    let bench = Bench::new().await;
    let session = bench.signs_up("ada").await;
    let ada = session["user"].as_str().expect("an id").parse().expect("an id");
    write_to(&bench, ada, 20, 25, &longest()).await;
    let token = session["access_token"].as_str().expect("a token");
    let ((status, list), added) = measured(bench.call("GET", "/v1/conversations", token, json!({}))).await;
    assert_eq!(status, 200);
    let conversations = list["conversations"].as_array().expect("a list");
    assert!(conversations.iter().all(|conversation| conversation["unread_count"] == 25));
    assert_eq!(conversations.len(), 20);
    check("a chat list", added);
}

async fn check_sync(others: u128, messages: u64, text: &str) {
    let _alone = ALONE.lock().await;
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    write_to(&bench, ada.id, others, messages, text).await;
    bench.forget_posts();
    let synced = async {
        let mut answer = bench.sync(&ada, json!({})).await;
        // On a slow machine a sync ends before its deadline, and is resumed.
        while let Some(next) = answer["next"].as_str() {
            let frame = json!({"action": "sync", "id": "s", "cursors": {}, "after": next});
            answer = bench.ask(&ada, "sync", &frame).await.expect("an answer");
        }
        answer
    };
    let (answer, added) = measured(synced).await;
    assert_eq!(answer["complete"], true, "{answer}");
    check("a sync", added);
}

#[tokio::test]
async fn a_sync_of_500_of_the_longest_texts_adds_less_than_64_mb() {
    check_sync(20, 25, &longest()).await;
}

#[tokio::test]
async fn a_sync_of_texts_that_no_compressor_makes_shorter_adds_less_than_64_mb() {
    check_sync(20, 5, &noise()).await;
}

#[tokio::test]
async fn the_first_alert_of_an_absence_adds_less_than_64_mb() {
    let _alone = ALONE.lock().await;
    let bench = Bench::new().await;
    let bob = bench.absent(1).await;
    write_to(&bench, bob.id, 20, 25, &longest()).await;
    let ada = User::new(&bench, 2).await;
    bench.send(&ada, &bob, "m1", "hello").await;
    let (records, added) = measured(bench.run_push()).await;
    assert_eq!((records, bench.pushes.published().len()), (1, 1));
    assert_eq!(bench.pushes.published()[0]["badge"], "501");
    check("an alert", added);
}
