//! Rows of earlier forms are read, and take the present form.

mod common;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use common::empty_tables;
use confab_app::ports::{ClaimKey, Inboxes, RateLimits};
use confab_domain::claim::{Claim, REMEMBERED, ROUNDING_MAX};
use confab_domain::log::Attempt;
use confab_domain::rate::Rate;
use confab_domain::{ClientMessageId, ConversationId, Timestamp, UserId};
use confab_store_dynamodb::Store;
use sha2::{Digest, Sha256};

/// Places in a row of the earlier form.
const EARLIER: u64 = 32;

/// A time when that form was in use; also in seconds since 2026-01-01.
const THEN: (Timestamp, u64) = (Timestamp::from_ms(1_767_225_600_000 + 28_000_000_000), 28_000_000);

struct Row {
    client: Client,
    store: Store,
    user: UserId,
    conversation: ConversationId,
}

impl Row {
    /// Row of a user who has claimed the keys 1 to `claimed`, each a second after the one before.
    async fn earlier(claimed: u64) -> Self {
        let (client, tables) = empty_tables().await;
        let [user, other]: [UserId; 2] = [1, 2].map(|n| format!("usr_{n:026}").parse().expect("a user"));
        let conversation = ConversationId::dm(user, other).expect("two users");
        let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
        let number = |number: u64| AttributeValue::N(number.to_string());
        let free = vec![(bytes(&[0]), number(0)); usize::try_from(EARLIER - claimed).expect("a length")];
        let claims =
            (1..=claimed).map(|n| (bytes(&Sha256::digest(key(n).as_str())[..4]), number(THEN.1 + n)));
        let (claims, times) = free.into_iter().chain(claims).unzip();
        client
            .put_item()
            .table_name(&tables.inboxes)
            .item("user", AttributeValue::S(user.to_string()))
            .item("conversation", AttributeValue::S(conversation.to_string()))
            .item("claims", AttributeValue::L(claims))
            .item("claimed_at", AttributeValue::L(times))
            .send()
            .await
            .expect("a row");
        Self { client: client.clone(), store: Store::new(client, tables), user, conversation }
    }

    fn claim_key<'a>(&self, key: &'a ClientMessageId, attempt: u32) -> ClaimKey<'a> {
        ClaimKey { user: self.user, conversation: self.conversation, key, attempt: Attempt(attempt) }
    }

    async fn claim(&self, n: u64) -> Claim {
        let attempt = u32::try_from(1_000 + n).expect("a number");
        let later = Timestamp::from_ms(THEN.0.as_ms() + 60_000 * n);
        self.store.claim(self.claim_key(&key(n), attempt), later).await.expect("a store").claim
    }

    async fn windows(&self) -> [usize; 2] {
        let row = self
            .client
            .get_item()
            .table_name("test-inboxes")
            .key("user", AttributeValue::S(self.user.to_string()))
            .key("conversation", AttributeValue::S(self.conversation.to_string()))
            .send()
            .await
            .expect("a row");
        let item = row.item().expect("a row");
        ["claims", "claimed_at"].map(|name| item[name].as_l().expect("a list").len())
    }
}

fn key(n: u64) -> ClientMessageId {
    format!("key-{n}").parse().expect("a key")
}

fn claimed_at(n: u64) -> Claim {
    Claim::Repeated { claimed_at: Timestamp::from_ms(THEN.0.as_ms() + n * 1000) }
}

/// Times of the present form are rounded.
#[track_caller]
fn check_repeated(claim: Claim, n: u64) {
    let time = Timestamp::from_ms(THEN.0.as_ms() + n * 1000);
    let is_about = |kept: Timestamp| kept <= time && time.since(kept) < ROUNDING_MAX;
    assert!(matches!(claim, Claim::Repeated { claimed_at } if is_about(claimed_at)), "{n}: {claim:?}");
}

#[tokio::test]
async fn claims_of_the_earlier_form_are_found() {
    let row = Row::earlier(EARLIER).await;
    for n in 1..=EARLIER {
        assert_eq!(row.claim(n).await, claimed_at(n));
    }
    assert_eq!(row.windows().await, [32, 32], "nothing was written");
}

#[tokio::test]
async fn the_first_new_claim_gives_the_row_its_present_form_and_forgets_nothing() {
    for claimed in [0, 5, EARLIER] {
        let row = Row::earlier(claimed).await;
        let places = REMEMBERED as u64 - claimed;
        for n in 100..100 + places {
            assert_eq!(row.claim(n).await, Claim::Fresh { forgot: None }, "{n} after {claimed}");
            assert_eq!(row.windows().await, [REMEMBERED, REMEMBERED]);
        }
        for n in 1..=claimed {
            check_repeated(row.claim(n).await, n);
        }
        assert!(matches!(row.claim(999).await, Claim::Fresh { forgot: Some(_) }));
        if claimed > 0 {
            assert!(row.claim(1).await.is_fresh(), "the oldest claim is forgotten");
        }
    }
}

#[tokio::test]
async fn claims_of_the_earlier_form_are_renewed_and_released_by_nobody() {
    let row = Row::earlier(EARLIER).await;
    let (renewed, released) = (key(1), key(2));
    assert!(row.store.renew_claim(row.claim_key(&renewed, 1), THEN.0).await.expect("a store"));
    row.store.release_claim(row.claim_key(&released, 1), THEN.0).await.expect("a store");
    assert_eq!(row.windows().await, [REMEMBERED, REMEMBERED]);
    assert!(matches!(row.claim(1).await, Claim::Repeated { claimed_at } if claimed_at <= THEN.0));
    check_repeated(row.claim(2).await, 2);
    check_repeated(row.claim(3).await, 3);
}

/// The second form distinguished attempts by one byte.
#[tokio::test]
async fn claims_of_the_second_form_are_known_and_released_by_nobody() {
    let row = Row::earlier(0).await;
    assert!(row.claim(1).await.is_fresh());
    let ticks = (THEN.1 + 60) / 32;
    let place = |bytes: Vec<u8>| AttributeValue::B(Blob::new(bytes));
    // The attempts 252 and 1252 have the tag 252.
    let time = [&ticks.to_be_bytes()[5..], &[2 + 252]].concat();
    row.client
        .update_item()
        .table_name("test-inboxes")
        .key("user", AttributeValue::S(row.user.to_string()))
        .key("conversation", AttributeValue::S(row.conversation.to_string()))
        .update_expression(format!("SET claimed_at[{}] = :time", REMEMBERED - 1))
        .expression_attribute_values(":time", place(time))
        .send()
        .await
        .expect("a row");
    let key = key(1);
    for attempt in [252, 252 + 254] {
        row.store
            .release_claim(row.claim_key(&key, attempt), THEN.0.plus(Duration::from_secs(60)))
            .await
            .expect("a store");
    }
    check_repeated(row.claim(1).await, 60);
}

#[tokio::test]
async fn a_bucket_without_the_time_of_its_last_take_counts_as_it_did() {
    let (client, tables) = empty_tables().await;
    let (now, second) = (THEN.0, Duration::from_secs(1));
    let rate = Rate { burst: 3, interval: second };
    for (in_use, passed) in [(0, 3), (1, 2), (3, 0), (3_600, 3)] {
        let key = format!("in-use-{in_use}");
        let number = |number: u64| AttributeValue::N(number.to_string());
        client
            .put_item()
            .table_name(&tables.throttles)
            .item("bucket", AttributeValue::S(key.clone()))
            .item("full_at_ms", number(now.plus(second * in_use).as_ms()))
            .item("expires_at", number(now.as_seconds_up() + 60))
            .send()
            .await
            .expect("a bucket");
        let store = Store::new(client.clone(), tables.clone());
        for n in 0..4 {
            let taken = store.take(&key, rate, now).await.expect("a store");
            assert_eq!(taken.is_ok(), n < passed, "{n} of {key}");
        }
    }
}
