use std::{fs, path::PathBuf};

use aws_sdk_dynamodb::Client;
use confab_embedded_aws::DynamoDb;

use crate::{TABLE, client_of, create_table, get, item, put};

/// A path for one test, without a file.
fn fresh_path(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join("dynamodb.sqlite")
}

async fn write_until_the_last(client: &Client) {
    create_table(client).await;
    for sk in 0..50 {
        put(client, item("a", sk, "kept")).await;
    }
}

#[tokio::test]
async fn the_last_write_is_there_after_reopening_the_file() {
    let path = fresh_path("reopened");
    write_until_the_last(&client_of(DynamoDb::open(&path).unwrap())).await;

    let client = client_of(DynamoDb::open(&path).unwrap());
    assert_eq!(get(&client, "a", 49).await, Some(item("a", 49, "kept")));
}

#[tokio::test]
async fn an_acknowledged_write_is_in_the_files_before_they_are_closed() {
    let path = fresh_path("abandoned");
    let abandoned = client_of(DynamoDb::open(&path).unwrap());
    write_until_the_last(&abandoned).await;

    // The files that a killed process would leave behind at this moment.
    let copy = fresh_path("abandoned-copy");
    for suffix in ["", "-wal"] {
        let named = |path: &PathBuf| format!("{}{suffix}", path.display());
        fs::copy(named(&path), named(&copy)).unwrap();
    }
    let client = client_of(DynamoDb::open(&copy).unwrap());
    assert_eq!(get(&client, "a", 49).await, Some(item("a", 49, "kept")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writes_to_a_file_are_all_kept_and_all_answered() {
    let client = client_of(DynamoDb::open(&fresh_path("concurrent")).unwrap());
    create_table(&client).await;
    let tasks = (0..32).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            for sk in 0..8 {
                put(&client, item(&task.to_string(), sk, "kept")).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let count = client.scan().table_name(TABLE).send().await.unwrap().count();
    assert_eq!(count, 32 * 8);
}

#[tokio::test]
async fn dropping_the_last_client_closes_the_file() {
    let path = fresh_path("closed");
    write_until_the_last(&client_of(DynamoDb::open(&path).unwrap())).await;
    // SQLite merges the write-ahead log into the file and removes it on close.
    assert!(!path.with_extension("sqlite-wal").exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let path = fresh_path("no-database");
    fs::write(&path, "not a database, but long enough to be read as a header".repeat(4)).unwrap();
    let error = DynamoDb::open(&path).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("dynamodb.sqlite"), "{error}");
}
