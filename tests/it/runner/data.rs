//! Where data lies.

use tests::runner::{Runner, TempDir, command, run};

#[tokio::test]
async fn a_data_directory_has_one_owner() {
    let data = TempDir::new();
    let path = data.path().to_str().unwrap();
    let first = Runner::with_data(data.path()).await;
    let output = run(&["--listen", "127.0.0.1:0", "--data", path]).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains(path) && output.stdout.is_empty(), "{errors}");
    first.chat().user().await.assert_logged_in().await;
}

#[tokio::test]
async fn a_data_directory_is_free_again_after_a_kill() {
    let data = TempDir::new();
    Runner::with_data(data.path()).await.kill().await;
    Runner::with_data(data.path()).await.chat().user().await;
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_told() {
    let data = TempDir::new();
    let file = data.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let path = file.join("data");
    let output = run(&["--listen", "127.0.0.1:0", "--data", path.to_str().unwrap()]).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains(path.to_str().unwrap()), "{errors}");
}

#[tokio::test]
async fn data_lies_in_a_folder_of_the_current_directory_unless_told_otherwise() {
    let folder = TempDir::new();
    let mut confab = command(&["--listen", "127.0.0.1:0"]);
    Runner::of(confab.current_dir(folder.path())).await.chat().user().await;
    assert!(folder.path().join(".confab").is_dir());
}

#[tokio::test]
async fn with_memory_nothing_is_written() {
    let folder = TempDir::new();
    let mut confab = command(&["--listen", "127.0.0.1:0", "--memory"]);
    let confab = Runner::of(confab.current_dir(folder.path())).await;
    confab.chat().user().await;
    confab.signal("TERM").await;
    confab.ended().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
