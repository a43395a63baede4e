//! Data directories of other formats.

use std::fs;
use std::path::Path;

use serde_json::json;
use tests::runner::{Runner, TempDir, run};
use tests::{Chat, User};

/// A directory that data_formats/README.md describes.
struct Earlier {
    /// The content of its file `format`, if it has one.
    format: Option<&'static str>,
    databases: [(&'static str, &'static [u8]); 3],
    signing_secret: &'static str,
    group: &'static str,
    /// Since format 2, a message marks what came before it as read by its author.
    bob_has_read: u64,
}

macro_rules! earlier {
    ($number:literal, $format:expr, $bob_has_read:literal) => {
        Earlier {
            format: $format,
            databases: [
                (
                    "dynamodb.sqlite",
                    include_bytes!(concat!("data_formats/", $number, "/dynamodb.sqlite.zst")),
                ),
                ("sqs.sqlite", include_bytes!(concat!("data_formats/", $number, "/sqs.sqlite.zst"))),
                ("sns.sqlite", include_bytes!(concat!("data_formats/", $number, "/sns.sqlite.zst"))),
            ],
            signing_secret: include_str!(concat!("data_formats/", $number, "/signing-secret")),
            group: include_str!(concat!("data_formats/", $number, "/group")),
            bob_has_read: $bob_has_read,
        }
    };
}

const EARLIER: [Earlier; 2] = [earlier!(1, None, 20), earlier!(2, Some("2\n"), 40)];
const PRESENT: &str = "3\n";
const PASSWORD: &str = "correct horse battery";

impl Earlier {
    fn copy(&self) -> TempDir {
        let data = TempDir::new();
        for (name, packed) in self.databases {
            fs::write(data.path().join(name), zstd::decode_all(packed).unwrap()).unwrap();
        }
        fs::write(data.path().join("signing-secret"), self.signing_secret).unwrap();
        if let Some(format) = self.format {
            fs::write(data.path().join("format"), format).unwrap();
        }
        data
    }
}

async fn log_in(chat: &Chat, handle: &str) -> User {
    chat.user_of(handle, PASSWORD, &chat.login(handle, PASSWORD).await.ok())
}

async fn old_users(chat: &Chat) -> [User; 4] {
    [
        log_in(chat, "alice").await,
        log_in(chat, "bob").await,
        log_in(chat, "carol").await,
        log_in(chat, "dave").await,
    ]
}

fn format_of(data: &Path) -> String {
    fs::read_to_string(data.join("format")).unwrap()
}

/// Starts a runner that must refuse its data directory; returns the error output.
async fn refusal(data: &Path) -> String {
    let output = run(&["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_new_directory_has_the_present_format() {
    let data = TempDir::new();
    Runner::with_data(data.path()).await.kill().await;
    assert_eq!(format_of(data.path()), PRESENT);
    Runner::with_data(data.path()).await.chat().user().await;
}

#[tokio::test]
async fn a_directory_of_an_earlier_format_is_migrated_in_full() {
    for earlier in &EARLIER {
        let data = earlier.copy();
        for _ in 0..2 {
            let confab = Runner::with_data(data.path()).await;
            assert_eq!(format_of(data.path()), PRESENT);
            let [alice, bob, carol, dave] = old_users(&confab.chat()).await;
            let dm = alice.dm(&bob);
            let log = alice.log(&dm).await;
            assert_eq!((log.len(), &log[39]["text"]), (41, &json!("lasting 40")));
            let listed = bob.listed(&dm).await;
            assert_eq!(
                (&listed["read_seq"], &listed["last_seq"]),
                (&json!(earlier.bob_has_read), &json!(41))
            );
            assert_eq!(listed["muted_until_ms"], 4_102_444_800_000_u64);
            alice.post_message(&alice.dm(&dave), &json!({"client_message_id": "a", "text": "a"})).await.ok();
            dave.post_message(&alice.dm(&dave), &json!({"client_message_id": "b", "text": "b"}))
                .await
                .refused(403, "forbidden");
            let group = carol.log(earlier.group).await;
            assert_eq!(group.last().unwrap()["kind"], "member_removed");
            assert!(group.iter().all(|entry| entry["text"] != "without carol"), "{group:?}");
            bob.post_message(earlier.group, &json!({"client_message_id": "b", "text": "b"}))
                .await
                .refused(403, "forbidden");
            confab.kill().await;
        }
    }
}

#[tokio::test]
async fn messages_of_an_earlier_format_are_not_stored_twice() {
    for earlier in &EARLIER {
        let data = earlier.copy();
        let confab = Runner::with_data(data.path()).await;
        let [alice, bob, ..] = old_users(&confab.chat()).await;
        for n in [40, 20, 9] {
            let body = json!({"client_message_id": format!("lasting-{n}"), "text": format!("lasting {n}")});
            let ack = alice.post_message(&alice.dm(&bob), &body).await.ok();
            assert_eq!((&ack["seq"], &ack["duplicate"]), (&json!(n), &json!(true)), "{ack}");
        }
    }
}

/// The 11 messages were kept for one day, and the end of the log was stored under that retention.
#[tokio::test]
async fn an_expired_log_of_an_earlier_format_goes_on_under_any_retention() {
    for (earlier, days) in EARLIER.iter().flat_map(|earlier| ["0", "1", "30"].map(|days| (earlier, days))) {
        let data = earlier.copy();
        let path = data.path().to_str().unwrap();
        let confab = Runner::start(&["--data", path, "--retention-days", days]).await;
        let [alice, _, carol, _] = old_users(&confab.chat()).await;
        let seq = alice.post_text(&alice.dm(&carol), "after the expiry").await["seq"].as_u64();
        assert!(seq > Some(11), "{seq:?} was used before, with {days} days");
        let mut phone = carol.connect().await;
        let cursors = json!({alice.dm(&carol): 11});
        let synced = phone.ask(json!({"action": "sync", "cursors": cursors})).await;
        assert!(synced.to_string().contains("after the expiry"), "{synced}");
    }
}

#[tokio::test]
async fn a_directory_of_a_newer_format_is_refused() {
    let data = TempDir::new();
    Runner::with_data(data.path()).await.kill().await;
    fs::write(data.path().join("format"), "4\n").unwrap();
    let said = refusal(data.path()).await;
    assert!(said.contains("newer") && said.contains("--data"), "{said}");
    assert_eq!(format_of(data.path()), "4\n");
}

#[tokio::test]
async fn a_format_that_is_no_number_is_refused() {
    for text in ["", "0\n", "two\n", "-1\n"] {
        let data = TempDir::new();
        fs::write(data.path().join("format"), text).unwrap();
        let said = refusal(data.path()).await;
        assert!(said.contains("format") && said.contains("--data"), "{said}");
    }
}

#[tokio::test]
async fn a_used_directory_that_has_lost_a_file_is_refused() {
    for (name, _) in EARLIER[0].databases {
        let data = EARLIER[0].copy();
        fs::write(data.path().join(name), "").unwrap();
        let said = refusal(data.path()).await;
        assert!(said.contains(name) && said.contains("is empty"), "{said}");
        fs::remove_file(data.path().join(name)).unwrap();
        let said = refusal(data.path()).await;
        assert!(said.contains(name) && said.contains("is missing"), "{said}");
    }
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_as_it_is() {
    let theirs = zstd::decode_all(EARLIER[0].databases[1].1).unwrap();
    for (name, bytes) in [
        ("dynamodb.sqlite", theirs.as_slice()),
        ("dynamodb.sqlite", b"a letter to my landlord"),
        ("sns.sqlite", b"a letter to my landlord"),
    ] {
        let data = TempDir::new();
        let file = data.path().join(name);
        fs::write(&file, bytes).unwrap();
        let said = refusal(data.path()).await;
        assert!(said.contains(name) && said.contains("--data"), "{said}");
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
}
