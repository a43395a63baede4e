use std::{
    fs,
    path::{Path, PathBuf},
};

use aws_sdk_sqs::{
    Client,
    types::{MessageSystemAttributeName, QueueAttributeName},
};
use confab_embedded_aws::Sqs;

use super::{EPOCH_MS, attribute, client_of, counts, create, delete, receive, receive_bodies, send};

const URL: &str = "http://sqs.invalid/000000000000/things";

/// A path for one test, without a file.
fn fresh_path(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sqs").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join("sqs.sqlite")
}

/// Opens the file at a time `later_ms` after the start of the test.
fn open(path: &Path, later_ms: u64) -> Client {
    client_of(Sqs::open(path, EPOCH_MS + later_ms).unwrap())
}

/// Copies the files that a killed process would leave behind at this moment.
fn abandon(path: &Path) -> PathBuf {
    let copy = path.with_file_name("copy.sqlite");
    for suffix in ["", "-wal"] {
        fs::copy(format!("{}{suffix}", path.display()), format!("{}{suffix}", copy.display())).unwrap();
    }
    copy
}

#[tokio::test]
async fn an_accepted_message_is_in_the_files_before_they_are_closed() {
    let path = fresh_path("accepted");
    let client = open(&path, 0);
    create(&client, "things", &[(QueueAttributeName::VisibilityTimeout, "60")]).await;
    for body in ["one", "two", "three"] {
        send(&client, URL, body).await;
    }
    let client = open(&abandon(&path), 0);
    assert_eq!(attribute(&client, URL, QueueAttributeName::VisibilityTimeout).await, "60");
    assert_eq!(receive_bodies(&client, URL).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_message_that_was_in_flight_is_visible_again_and_its_receives_are_kept() {
    let path = fresh_path("in-flight");
    let client = open(&path, 0);
    create(&client, "things", &[]).await;
    send(&client, URL, "one").await;
    assert_eq!(receive(&client, URL).await.len(), 1);
    drop(client);

    const LATER_MS: u64 = 1_000_000;
    let client = open(&path, LATER_MS);
    let request = client.receive_message().queue_url(URL);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    let message = request.send().await.unwrap().messages.unwrap().remove(0);
    let attributes = message.attributes.unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::ApproximateReceiveCount], "2");
    let sent_at: u64 = attributes[&MessageSystemAttributeName::SentTimestamp].parse().unwrap();
    assert!(sent_at < EPOCH_MS + LATER_MS, "{sent_at} is when it was sent");
}

#[tokio::test]
async fn a_delay_goes_on_while_the_file_is_closed() {
    let path = fresh_path("delays");
    let client = open(&path, 0);
    create(&client, "things", &[]).await;
    client.send_message().queue_url(URL).message_body("later").delay_seconds(60).send().await.unwrap();
    drop(client);
    let client = open(&path, 59_000);
    assert_eq!(counts(&client, URL).await, ["0", "0", "1"]);
    drop(client);
    assert_eq!(receive_bodies(&open(&path, 61_000), URL).await, ["later"]);
}

#[tokio::test]
async fn a_clock_that_went_back_hides_no_message() {
    let path = fresh_path("clock");
    let client = open(&path, 86_400_000);
    create(&client, "things", &[]).await;
    send(&client, URL, "one").await;
    client.send_message().queue_url(URL).message_body("later").delay_seconds(60).send().await.unwrap();
    drop(client);
    assert_eq!(counts(&open(&path, 0), URL).await, ["1", "0", "1"]);
}

#[tokio::test]
async fn deleted_and_purged_messages_are_gone_after_reopening() {
    let path = fresh_path("deleted");
    let client = open(&path, 0);
    create(&client, "things", &[]).await;
    let purged = create(&client, "purged", &[]).await;
    let deleted = create(&client, "deleted", &[]).await;
    for url in [URL, &purged, &deleted] {
        send(&client, url, "one").await;
    }
    let message = receive(&client, URL).await.remove(0);
    delete(&client, URL, &message).await;
    client.purge_queue().queue_url(&purged).send().await.unwrap();
    client.delete_queue().queue_url(&deleted).send().await.unwrap();
    drop(client);

    let client = open(&path, 0);
    assert_eq!(client.list_queues().send().await.unwrap().queue_urls().len(), 2);
    assert_eq!(counts(&client, URL).await, ["0", "0", "0"]);
    assert_eq!(counts(&client, &purged).await, ["0", "0", "0"]);
}

#[tokio::test]
async fn a_message_that_was_given_up_stays_with_the_dead_letters() {
    let path = fresh_path("dead-letters");
    let client = open(&path, 0);
    let dead = create(&client, "dead", &[]).await;
    let policy =
        r#"{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:000000000000:dead","maxReceiveCount":1}"#;
    create(&client, "things", &[(QueueAttributeName::RedrivePolicy, policy)]).await;
    send(&client, URL, "poison").await;
    for _ in 0..2 {
        client.receive_message().queue_url(URL).visibility_timeout(0).send().await.unwrap();
    }
    drop(client);
    let client = open(&path, 0);
    assert_eq!(receive_bodies(&client, URL).await, [""; 0]);
    assert_eq!(receive_bodies(&client, &dead).await, ["poison"]);
}

#[tokio::test]
async fn a_receipt_from_before_the_restart_deletes_no_other_message() {
    let path = fresh_path("receipts");
    let client = open(&path, 0);
    create(&client, "things", &[]).await;
    send(&client, URL, "old").await;
    let old = receive(&client, URL).await.remove(0);
    delete(&client, URL, &old).await;
    drop(client);

    let client = open(&path, 0);
    send(&client, URL, "new").await;
    receive(&client, URL).await;
    delete(&client, URL, &old).await;
    assert_eq!(counts(&client, URL).await, ["0", "1", "0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_sends_to_a_file_are_all_kept() {
    let path = fresh_path("concurrent");
    let client = open(&path, 0);
    create(&client, "things", &[]).await;
    let tasks = (0..16).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            for index in 0..8 {
                send(&client, URL, &format!("{task}-{index}")).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let client = open(&abandon(&path), 0);
    assert_eq!(counts(&client, URL).await, ["128", "0", "0"]);
}

#[tokio::test]
async fn dropping_the_last_client_closes_the_file() {
    let path = fresh_path("closed");
    let client = open(&path, 0);
    create(&client, "things", &[]).await;
    drop(client);
    // SQLite merges the write-ahead log into the file and removes it on close.
    assert!(!path.with_extension("sqlite-wal").exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let path = fresh_path("no-database");
    fs::write(&path, "not a database, but long enough to be read as a header".repeat(4)).unwrap();
    let error = Sqs::open(&path, EPOCH_MS).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("sqs.sqlite"), "{error}");
}
