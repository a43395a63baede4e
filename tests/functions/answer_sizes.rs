//! Every answer of the HTTP API that holds a list fits into the answer limit of Lambda, at its largest size.
//!
//! The body is a JSON text within the JSON of the answer, so a quote in a name takes four bytes.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use confab_app::ports::{Account, Contacts, PairChange, PasswordHash, Users};
use confab_domain::account::{GroupAdds, Handle, Profile, check_avatar, check_label};
use confab_domain::device::Device;
use confab_domain::{ContactChange, ConversationId, DeviceId, FamilyId, Relation, Timestamp, UserId};
use confab_protocol::limits;
use serde_json::{Value, json};
use ulid::Ulid;

use crate::bench::Bench;

/// Margin for the status, the headers and the rest around the body. Unit: bytes.
const ENVELOPE_BYTES: usize = 64 * 1024;

/// The character that takes the most bytes of all that a name may contain: `\\\"` in an answer.
const WORST: &str = "\"";

/// The other users, all known to every caller here: one more than any page holds.
const OTHERS: RangeInclusive<u128> = 1..=101;

/// The schemas of answers that hold lists, each with the call that is measured.
const LISTS: [(&str, &str, &str); 8] = [
    ("Contacts", "GET", "/v1/contacts"),
    ("Blocks", "GET", "/v1/blocks"),
    ("Devices", "GET", "/v1/devices"),
    ("ChatList", "GET", "/v1/conversations"),
    ("Conversation", "PATCH", "/v1/conversations/DM"),
    ("MessagePage", "GET", "/v1/conversations/DM/messages?limit=100"),
    ("Receipts", "GET", "/v1/conversations/GROUP/receipts"),
    ("Group", "GET", "/v1/groups/GROUP"),
];

/// A name of the longest allowed length, of the worst characters.
fn longest_name() -> String {
    let name = WORST.repeat(*limits::DISPLAY_NAME_CHARS.end());
    assert_eq!(check_label("display_name", &name, *limits::DISPLAY_NAME_CHARS.end()), Ok(name.clone()));
    name
}

/// An account whose public fields have their longest allowed length.
fn longest_account(n: u128) -> Account {
    let avatar = format!("https://{}", WORST.repeat(limits::AVATAR_BYTES_MAX - "https://".len()));
    assert_eq!(check_avatar(&avatar, limits::AVATAR_BYTES_MAX), Ok(avatar.clone()));
    Account {
        profile: Profile {
            user: UserId::new(Ulid(n)),
            handle: Handle::parse(&format!("{n:0>32}")).expect("a handle"),
            display_name: longest_name(),
            avatar: Some(avatar),
        },
        password_hash: PasswordHash("none".to_owned()),
        password_changes: 0,
        created_at: Timestamp::from_ms(1),
        group_adds: GroupAdds::default(),
    }
}

/// A user with the largest allowed number of everything.
struct Caller {
    token: String,
    user: UserId,
    group: String,
}

impl Caller {
    async fn new(bench: &Bench) -> Self {
        for n in OTHERS {
            let (user, device, family) =
                (UserId::new(Ulid(n)), DeviceId::new(Ulid(n)), FamilyId::new(Ulid(n)));
            let (created_at, last_active_at) = (Timestamp::from_ms(1), Timestamp::from_ms(1));
            let device = Device {
                user,
                device,
                family,
                generation: 0,
                rotation: None,
                name: None,
                platform: None,
                push: None,
                created_at,
                last_active_at,
            };
            bench.store.create_user(&longest_account(n), &device, None).await.expect("an account");
        }
        let session = bench.signs_up("ada").await;
        let text = |name: &str| session[name].as_str().expect("a field of a session").to_owned();
        let (token, user) = (text("access_token"), text("user").parse().expect("a user"));
        let label = WORST.repeat(limits::DEVICE_LABEL_CHARS_MAX);
        for _ in 1..limits::DEVICES_MAX {
            let login = json!({
                "handle": "ada", "password": "correct horse", "device": {"name": label, "platform": label},
            });
            let (status, answer) = bench.call("POST", "/v1/login", "", login).await;
            assert_eq!(status, 200, "{answer}");
        }
        let members: Vec<String> = OTHERS.skip(2).map(|n| UserId::new(Ulid(n)).to_string()).collect();
        let group = json!({"name": longest_name(), "members": members});
        let (status, group) = bench.call("POST", "/v1/groups", &token, group).await;
        assert_eq!(status, 201, "{group}");
        Self { token, user, group: group["group"].as_str().expect("an id").to_owned() }
    }

    fn dm(&self, n: u128) -> String {
        ConversationId::dm(self.user, UserId::new(Ulid(n))).expect("two users").to_string()
    }

    /// Makes every other user a contact that this user can list.
    async fn relates_by(&self, bench: &Bench, changes: [Option<ContactChange>; 2]) {
        let (now, nothing) = (Timestamp::from_ms(1), Relation::default());
        let [own, others] = changes;
        let mine = own.map_or(nothing, |change| nothing.after(change, now));
        let theirs = own.map_or(nothing, |change| nothing.after_others(change, now));
        let relation = others.map_or(mine, |change| mine.after_others(change, now));
        let others_relation = others.map_or(theirs, |change| theirs.after(change, now));
        for n in OTHERS {
            let pair = PairChange {
                user: self.user,
                other: UserId::new(Ulid(n)),
                relation: [nothing, relation],
                others_relation: [nothing, others_relation],
            };
            assert!(bench.store.change_pair(&pair).await.expect("a store"));
        }
    }

    async fn posts(&self, bench: &Bench, n: u128, id: usize, text: &str, mentions: &[String]) {
        let id = format!("{id}{}", WORST.repeat(limits::ID_BYTES_MAX - id.to_string().len()));
        let message = json!({"client_message_id": id, "text": text, "mentions": mentions});
        let path = format!("/v1/conversations/{}/messages", self.dm(n));
        let (status, answer) = bench.call("POST", &path, &self.token, message).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Makes the call for a schema, checks that the answer fits, and returns it.
    async fn measures(&self, bench: &Bench, schema: &str) -> Value {
        let (_, method, path) = LISTS.iter().find(|(name, ..)| *name == schema).expect("a row of the table");
        let path = path.replace("DM", &self.dm(1)).replace("GROUP", &self.group);
        let body = if *method == "GET" { Value::Null } else { json!({}) };
        let (status, answer) = bench.call(method, &path, &self.token, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let bytes = json!(answer.to_string()).to_string().len();
        eprintln!("{schema}: {bytes} bytes at most");
        assert!(bytes + ENVELOPE_BYTES <= limits::FUNCTION_ANSWER_BYTES_MAX, "{schema}: {bytes} bytes");
        answer
    }
}

#[track_caller]
fn check_length(answer: &Value, list: &str, length: usize) {
    assert_eq!(answer[list].as_array().map(Vec::len), Some(length), "{list}");
}

#[tokio::test]
async fn pages_of_contacts_and_blocks_fit() {
    let bench = Bench::new().await;
    let page = limits::CONTACTS_PAGE as usize;
    let (put, block) = (Some(ContactChange::Put), Some(ContactChange::Block));
    let cases = [
        ([put, put], "contacts"),
        ([None, put], "requests"),
        ([put, None], "requested"),
        ([block, None], "blocks"),
    ];
    let mut caller = Caller::new(&bench).await;
    for (n, (changes, list)) in cases.into_iter().enumerate() {
        let session = bench.signs_up(&format!("caller_{n}")).await;
        session["access_token"].as_str().expect("a token").clone_into(&mut caller.token);
        caller.user = session["user"].as_str().expect("an id").parse().expect("a user");
        caller.relates_by(&bench, changes).await;
        let answer = caller.measures(&bench, if list == "blocks" { "Blocks" } else { "Contacts" }).await;
        check_length(&answer, list, page);
        assert!(answer["next"].is_string(), "{list}");
    }
}

#[tokio::test]
async fn lists_of_devices_members_and_read_markers_fit() {
    let bench = Bench::new().await;
    let caller = Caller::new(&bench).await;
    check_length(&caller.measures(&bench, "Devices").await, "devices", limits::DEVICES_MAX);
    let group = caller.measures(&bench, "Group").await;
    check_length(&group, "members", 100);
    check_length(&caller.measures(&bench, "Receipts").await, "receipts", 100);
}

#[tokio::test]
async fn a_page_of_the_chat_list_fits() {
    let bench = Bench::new().await;
    let caller = Caller::new(&bench).await;
    let mentions: Vec<String> =
        OTHERS.take(limits::MENTIONS_MAX).map(|n| UserId::new(Ulid(n)).to_string()).collect();
    // The largest text that is shown whole, less a few bytes.
    let text = WORST.repeat((limits::EVENT_BYTES_MAX - 2 * 1024) / 2);
    for n in OTHERS {
        caller.posts(&bench, n, 0, &text, &mentions).await;
    }
    let answer = caller.measures(&bench, "ChatList").await;
    check_length(&answer, "conversations", limits::CHAT_LIST_PAGE as usize);
    assert!(answer["next"].is_string());
    for shown in answer["conversations"].as_array().expect("a list") {
        assert_eq!(shown["last_message"]["text"], text, "{shown}");
    }
    caller.measures(&bench, "Conversation").await;
}

#[tokio::test]
async fn a_page_of_the_longest_messages_fits() {
    let bench = Bench::new().await;
    let caller = Caller::new(&bench).await;
    let quotes = WORST.repeat(limits::TEXT_CHARS_MAX);
    for n in 0..12 {
        caller.posts(&bench, 1, n, &quotes, &[]).await;
    }
    let answer = caller.measures(&bench, "MessagePage").await;
    assert_eq!(answer["more"], true);
    // The longest text takes seven bytes for a character, and a page holds one message whatever its size.
    let longest = format!("a{}", "\u{1}".repeat(limits::TEXT_CHARS_MAX - 1));
    for n in 12..20 {
        caller.posts(&bench, 1, n, &longest, &[]).await;
    }
    let answer = caller.measures(&bench, "MessagePage").await;
    assert_eq!((&answer["more"], &answer["messages"][0]["text"]), (&json!(true), &json!(longest)));
}

#[tokio::test]
async fn every_answer_with_a_list_is_measured() {
    let bench = Bench::new().await;
    let (status, description) = bench.call("GET", "/v1/openapi.json", "", Value::Null).await;
    assert_eq!(status, 200);
    let operations = description["paths"].as_object().expect("paths").values();
    let operations = operations.flat_map(|item| item.as_object().expect("operations").values());
    let responses = operations.filter_map(|operation| operation["responses"].as_object()).flatten();
    let good = responses.filter(|(status, _)| status.starts_with('2'));
    let schemas = good.filter_map(|(_, response)| response.pointer("/content/application~1json/schema"));
    let mut with_list = BTreeSet::new();
    for schema in schemas {
        let name = name_of(schema).expect("answers have schemas with names");
        if holds_a_list(&description, schema, &mut BTreeSet::new()) {
            with_list.insert(name);
        }
    }
    assert_eq!(with_list, LISTS.iter().map(|(schema, ..)| *schema).collect());
}

fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// Whether a schema contains a list anywhere.
fn holds_a_list<'a>(description: &'a Value, schema: &'a Value, seen: &mut BTreeSet<&'a str>) -> bool {
    if let Some(name) = name_of(schema) {
        return seen.insert(name)
            && holds_a_list(description, &description["components"]["schemas"][name], seen);
    }
    match schema {
        Value::Object(fields) => {
            let is_list = fields.get("type").is_some_and(|kind| kind.to_string().contains("\"array\""));
            is_list || fields.values().any(|inner| holds_a_list(description, inner, seen))
        }
        Value::Array(inner) => inner.iter().any(|inner| holds_a_list(description, inner, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
