//! A full disk: at the start, and while messages come.

use std::collections::BTreeMap;
use std::fs::{self, File};

use serde_json::{Value, json};
use tests::runner::{Runner, TempDir};
use tests::small_disk::SmallDisk;
use tests::{Chat, DEADLINE, User};

/// Space for the databases and their journals, and for a few hundred messages. Unit: bytes.
const DISK_BYTES: u64 = 24 * 1024 * 1024;

/// Messages after which a journal with free space is used up. Unit: messages of 20 KB.
const UNTIL_FULL_MAX: usize = 600;

const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// Starts on a full disk, and checks the error output.
async fn is_refused(disk: &SmallDisk) {
    let output = disk.command(&LISTEN).output();
    let output =
        tokio::time::timeout(DEADLINE, output).await.expect("an end in time").expect("confab starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(output.stdout.is_empty() && errors.contains(disk.data().to_str().unwrap()), "{errors}");
    assert!(
        errors.contains("the disk is full; make room, or choose another directory with --data"),
        "{errors}"
    );
}

#[tokio::test]
async fn a_full_disk_is_an_error_at_the_start_with_advice() {
    let Some(disk) = SmallDisk::new(DISK_BYTES).await else { return };
    disk.fill();
    is_refused(&disk).await;
    disk.make_room();
    let confab = Runner::of(&mut disk.command(&LISTEN)).await;
    let alice = confab.chat().user().await;
    confab.kill().await;
    // With existing data and an unread journal, as after a crash, the error is the same, and nothing is lost.
    disk.fill();
    is_refused(&disk).await;
    disk.make_room();
    let confab = Runner::of(&mut disk.command(&LISTEN)).await;
    at(&confab.chat(), &alice).assert_logged_in().await;
}

/// The same device, at a server that has moved.
fn at(chat: &Chat, user: &User) -> User {
    User { http: chat.http.with_token(&user.access_token), ..user.clone() }
}

/// Repeats the query until it gives this status, since an answer is cached for a second.
async fn health_is(chat: &Chat, status: u16) -> Value {
    let asked = async {
        loop {
            let health = chat.http.get("/v1/health").await;
            if health.status == status {
                return health.json();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, asked).await.expect("it never came to be so")
}

/// Texts of messages by their ids: the acked ones, with their positions, and those of unknown outcome.
#[derive(Default)]
struct Sent {
    acked: BTreeMap<String, u64>,
    unknown: Vec<String>,
}

fn text_of(id: &str) -> String {
    format!("{id} {}", "x".repeat(20_000))
}

impl Sent {
    /// Sends a message; false if the outcome is unknown.
    async fn sends(&mut self, from: &User, dm: &str, id: &str) -> bool {
        let answer = from.post_message(dm, &json!({"client_message_id": id, "text": text_of(id)})).await;
        if answer.status == 200 {
            self.acked.insert(id.to_owned(), answer.json()["seq"].as_u64().unwrap());
            return true;
        }
        answer.refused(503, "unavailable");
        self.unknown.push(id.to_owned());
        false
    }

    /// Checks that every acked message is stored once, and that the log has no hole.
    async fn is_in_the_log_of(&self, reader: &User, dm: &str) {
        let log = reader.log(dm).await;
        for (place, message) in log.iter().enumerate() {
            assert_eq!(message["seq"], place + 1);
        }
        for (id, seq) in &self.acked {
            let message = &log[usize::try_from(*seq).unwrap() - 1];
            assert_eq!((&message["client_message_id"], &message["text"]), (&json!(id), &json!(text_of(id))));
        }
        assert_eq!(log.len(), self.acked.len());
    }
}

#[tokio::test]
async fn while_the_disk_is_full_nothing_is_acked_that_is_lost_and_all_works_again_after() {
    let Some(disk) = SmallDisk::new(DISK_BYTES).await else { return };
    let logs = TempDir::new();
    let stderr = logs.path().join("stderr");
    let mut command = disk.command(&LISTEN);
    let confab = Runner::of(command.stderr(File::create(&stderr).unwrap())).await;
    let chat = confab.chat();
    let [alice, bob] = chat.users().await;
    let (dm, mut phone, mut sent) = (alice.dm(&bob), alice.connect().await, Sent::default());
    for n in 0..5 {
        assert!(sent.sends(&alice, &dm, &format!("before-{n}")).await);
    }
    assert_eq!(health_is(&chat, 200).await["status"], "ok");

    disk.fill();
    let error = health_is(&chat, 503).await["error"].take();
    assert_eq!(error["code"], "unavailable");
    assert!(error["message"].as_str().unwrap().contains("disk is full"), "{error}");
    let mut tries = 0..UNTIL_FULL_MAX;
    while sent.unknown.len() < 2 {
        let n = tries.next().expect("the disk is not full");
        sent.sends(&alice, &dm, &format!("full-{n}")).await;
    }
    let frame = json!({"action": "send", "id": "framed", "to": bob.id, "text": text_of("framed")});
    phone.refused(frame.clone(), "unavailable").await;
    // Reads that need no write succeed.
    assert_eq!(bob.http.get("/v1/me").await.ok()["user"], bob.id);

    disk.make_room();
    health_is(&chat, 200).await;
    for id in std::mem::take(&mut sent.unknown) {
        assert!(sent.sends(&alice, &dm, &id).await);
    }
    let framed = phone.deliver(frame).await["seq"].as_u64().unwrap();
    sent.acked.insert("framed".to_owned(), framed);
    assert!(sent.sends(&alice, &dm, "after").await);
    sent.is_in_the_log_of(&bob, &dm).await;
    assert_eq!(phone.ask(json!({"action": "read", "conversation": dm, "seq": framed})).await["type"], "ok");
    confab.kill().await;

    let said = fs::read_to_string(&stderr).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("full")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    let confab = Runner::of(&mut disk.command(&LISTEN)).await;
    let chat = confab.chat();
    sent.is_in_the_log_of(&at(&chat, &bob), &dm).await;
    chat.user().await;
}
