//! A data directory whose retention changes with each start.

use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use confab_embedded_aws::{DynamoDb, EmbeddedAws, signing_name};
use serde_json::json;
use tests::runner::{Runner, TempDir};
use tests::{Chat, User};

const MESSAGES: &str = "confab-messages";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The position of the item after the last position.
const MARK: u64 = 1 << 53;

async fn keeping(data: &Path, days: &str) -> Runner {
    Runner::start(&["--data", data.to_str().unwrap(), "--retention-days", days]).await
}

async fn stop(confab: Runner) {
    confab.signal("TERM").await;
    confab.ended().await;
}

/// The same device, at a server that has moved.
fn moved(user: &User, chat: &Chat) -> User {
    User { http: chat.http.with_token(&user.access_token), ..user.clone() }
}

/// The store of a data directory while no runner uses it.
struct Shelf {
    dynamodb: DynamoDb,
    client: Client,
}

type Item = std::collections::HashMap<String, AttributeValue>;

impl Shelf {
    fn of(data: &Path) -> Self {
        let dynamodb = DynamoDb::open(&data.join("dynamodb.sqlite")).unwrap();
        let aws = EmbeddedAws::builder().service(signing_name::DYNAMODB, dynamodb.clone()).build();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(aws.http_client());
        Self { dynamodb, client: Client::from_conf(config.build()) }
    }

    /// Replaces each item of the logs by others.
    async fn replace(&self, by: impl Fn(Item) -> Vec<Item>) {
        let items = self.client.scan().table_name(MESSAGES).send().await.unwrap().items.unwrap_or_default();
        for item in items {
            let delete = self.client.delete_item().table_name(MESSAGES);
            delete.set_key(Some(only(&item, &["conversation", "seq"]))).send().await.unwrap();
            for item in by(item) {
                self.client.put_item().table_name(MESSAGES).set_item(Some(item)).send().await.unwrap();
            }
        }
    }

    /// Makes all entries older. Expired entries are removed, except for the one at position `left`.
    async fn age(&self, by: Duration, left: Option<u64>) {
        let ms = u64::try_from(by.as_millis()).unwrap();
        self.replace(|mut item| {
            for (name, less) in [("sent_at_ms", ms), ("at_ms", ms), ("expires_at", by.as_secs())] {
                if let Some(value) = item.get_mut(name) {
                    *value = AttributeValue::N((number(value) - less).to_string());
                }
            }
            if left == Some(number(&item["seq"])) {
                // An expired item that DynamoDB has not removed yet: it may take days.
                item.insert("expires_at".to_owned(), AttributeValue::N((1_u64 << 40).to_string()));
            }
            vec![item]
        })
        .await;
        self.dynamodb.sweep_ttl().await.unwrap();
    }

    /// Rewrites marks as they were before they had revisions.
    async fn without_revisions(&self) {
        const OLD: [&str; 5] = ["conversation", "seq", "head", "at_ms", "upto"];
        self.replace(|mut item| {
            item.remove("mark_revision");
            if number(&item["seq"]) == MARK {
                item = only(&item, &OLD);
                item.insert("seq".to_owned(), AttributeValue::N("0".to_owned()));
            }
            vec![item]
        })
        .await;
    }
}

fn only(item: &Item, names: &[&str]) -> Item {
    names.iter().map(|name| ((*name).to_owned(), item[*name].clone())).collect()
}

fn number(value: &AttributeValue) -> u64 {
    value.as_n().unwrap().parse().unwrap()
}

/// Sends eleven messages under a retention of a day and lets two days pass; then starts the runner with another
/// retention.
async fn check_goes_on(days: &str, left: Option<u64>, old: bool) {
    let data = TempDir::new();
    let confab = keeping(data.path(), "1").await;
    let [alice, bob] = confab.chat().users().await;
    let (dm, mut phone) = (alice.dm(&bob), alice.connect().await);
    for n in 1..=11 {
        assert_eq!(phone.say(&bob.id, "hello").await["seq"], n);
    }
    stop(confab).await;
    let shelf = Shelf::of(data.path());
    shelf.age(2 * DAY, left).await;
    if old {
        shelf.without_revisions().await;
    }
    drop(shelf);

    let confab = keeping(data.path(), days).await;
    let [alice, bob] = [&alice, &bob].map(|user| moved(user, &confab.chat()));
    let mut laptop = bob.connect().await;
    let taken = laptop.ask(json!({"action": "read", "conversation": dm, "seq": 11})).await;
    assert_eq!(taken["type"], "ok", "an expired position can be marked as read: {taken}");
    let said = alice.connect().await.say(&bob.id, "later").await;
    assert_eq!(said["seq"], 65, "with {days} days, {left:?} left, old: {old}");
    let frames = laptop.sync_frames(json!({"cursors": {&dm: 11}})).await;
    assert_eq!(frames[0]["conversations"][0]["messages"][0]["seq"], 65, "{frames:?}");
    assert_eq!(bob.listed(&dm).await["unread_count"], 1);
    let beyond = laptop.ask(json!({"action": "read", "conversation": dm, "seq": 66})).await;
    assert_eq!(beyond["code"], "bad_request", "{beyond}");
}

#[tokio::test]
async fn no_position_is_used_again_when_retention_is_raised() {
    check_goes_on("30", None, false).await;
    check_goes_on("30", Some(10), false).await;
}

#[tokio::test]
async fn no_position_is_used_again_when_retention_is_switched_off() {
    check_goes_on("0", None, false).await;
    check_goes_on("0", Some(10), false).await;
}

#[tokio::test]
async fn no_position_is_used_again_that_was_used_before_marks_had_revisions() {
    for days in ["0", "1", "30"] {
        check_goes_on(days, Some(10), true).await;
    }
}

#[tokio::test]
async fn a_change_of_retention_leaves_no_hole_where_nothing_has_expired() {
    let data = TempDir::new();
    let mut confab = keeping(data.path(), "0").await;
    let [alice, bob] = confab.chat().users().await;
    for (n, days) in [(1, "1"), (2, "30"), (3, "0"), (4, "1"), (5, "7")] {
        let phone = moved(&alice, &confab.chat());
        assert_eq!(phone.connect().await.say(&bob.id, "hello").await["seq"], n);
        stop(confab).await;
        confab = keeping(data.path(), days).await;
    }
    let log = moved(&bob, &confab.chat()).log(&alice.dm(&bob)).await;
    assert_eq!(log.len(), 5);
}

#[tokio::test]
async fn a_reserved_position_is_not_read() {
    let data = TempDir::new();
    let confab = keeping(data.path(), "1").await;
    let [alice, bob] = confab.chat().users().await;
    let (dm, mut phone) = (alice.dm(&bob), alice.connect().await);
    phone.say(&bob.id, "one").await;
    let mut laptop = bob.connect().await;
    for seq in [2, 64, 65] {
        let refused = laptop.ask(json!({"action": "read", "conversation": dm, "seq": seq})).await;
        assert_eq!(refused["code"], "bad_request", "{refused}");
    }
    assert_eq!(bob.listed(&dm).await["unread_count"], 1);
    assert_eq!(bob.listed(&dm).await["last_seq"], 1);
    laptop.ask(json!({"action": "read", "conversation": dm, "seq": 1})).await;
    phone.say(&bob.id, "two").await;
    assert_eq!(bob.listed(&dm).await["unread_count"], 1);
}
