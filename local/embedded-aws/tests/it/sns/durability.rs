use std::{
    fs,
    path::{Path, PathBuf},
};

use confab_embedded_aws::Sns;

use super::{
    APPLICATION, EPOCH_MS, attributes, client_of, create, create_application, endpoint, messages, publish,
    refusal, set,
};

/// A path for one test, without a file.
fn fresh_path(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sns").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join("sns.sqlite")
}

fn open(path: &Path) -> Sns {
    Sns::open(path, EPOCH_MS).unwrap()
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
async fn answered_requests_are_in_the_files_before_they_are_closed() {
    let path = fresh_path("answered");
    let sns = open(&path);
    let client = client_of(&sns);
    let arn = endpoint(&client).await;
    let gone = create(&client, APPLICATION, "gone").await;
    publish(&client, &arn, "one").await;
    set(&client, &arn, "Token", "new").await;
    publish(&client, &arn, "two").await;
    client.delete_endpoint().endpoint_arn(&gone).send().await.unwrap();

    let found = open(&abandon(&path));
    assert_eq!(found.published().unwrap(), sns.published().unwrap());
    assert_eq!(messages(&found), ["one", "two"]);
    let client = client_of(&found);
    assert_eq!(attributes(&client, &arn).await["Token"], "new");
    let request = client.get_endpoint_attributes().endpoint_arn(&gone);
    assert_eq!(refusal!(request.send().await).0, "NotFound");
}

#[tokio::test]
async fn applications_and_endpoints_are_the_same_after_reopening() {
    let path = fresh_path("reopened");
    let client = client_of(&open(&path));
    let arn = endpoint(&client).await;
    set(&client, &arn, "Enabled", "false").await;
    set(&client, &arn, "CustomUserData", "ann").await;
    let before = attributes(&client, &arn).await;
    drop(client);

    let client = client_of(&open(&path));
    assert_eq!(create_application(&client, "GCM", "things").await, APPLICATION);
    assert_eq!(attributes(&client, &arn).await, before);
    let request = client.publish().target_arn(&arn).message("lost");
    assert_eq!(refusal!(request.send().await).0, "EndpointDisabled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_publishes_to_a_file_are_all_kept() {
    let path = fresh_path("concurrent");
    let client = client_of(&open(&path));
    let arn = endpoint(&client).await;
    let tasks = (0..16).map(|task| {
        let (client, arn) = (client.clone(), arn.clone());
        tokio::spawn(async move {
            for index in 0..8 {
                publish(&client, &arn, &format!("{task}-{index}")).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(messages(&open(&abandon(&path))).len(), 128);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_creations_with_one_token_make_one_endpoint() {
    let path = fresh_path("one-token");
    let client = client_of(&open(&path));
    let arn = endpoint(&client).await;
    client.delete_endpoint().endpoint_arn(&arn).send().await.unwrap();
    let tasks = (0..16).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { create(&client, APPLICATION, "token").await })
    });
    let mut made = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        made.push(task.await.unwrap());
    }
    made.dedup();
    assert_eq!(made.len(), 1, "{made:?}");
}

#[tokio::test]
async fn dropping_the_last_client_closes_the_file() {
    let path = fresh_path("closed");
    let client = client_of(&open(&path));
    endpoint(&client).await;
    drop(client);
    // SQLite merges the write-ahead log into the file and removes it on close.
    assert!(!path.with_extension("sqlite-wal").exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let path = fresh_path("no-database");
    fs::write(&path, "not a database, but long enough to be read as a header".repeat(4)).unwrap();
    let error = Sns::open(&path, EPOCH_MS).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("sns.sqlite"), "{error}");
}
