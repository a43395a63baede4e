//! Data directories.

use std::path::Path;

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
async fn a_data_directory_that_cannot_be_created_is_an_error() {
    let data = TempDir::new();
    let file = data.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let path = file.join("data");
    let output = run(&["--listen", "127.0.0.1:0", "--data", path.to_str().unwrap()]).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains(path.to_str().unwrap()), "{errors}");
}

/// Starts with a directory that cannot be used; returns the error output.
async fn refused(path: &Path) -> String {
    let output = run(&["--listen", "127.0.0.1:0", "--data", path.to_str().unwrap()]).await;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(output.stdout.is_empty() && errors.contains(path.to_str().unwrap()), "{errors}");
    errors
}

#[tokio::test]
async fn a_directory_of_other_programs_is_refused_and_left_as_it_is() {
    let data = TempDir::new();
    std::fs::write(data.path().join("photo.jpg"), "a photo").unwrap();
    let errors = refused(data.path()).await;
    assert!(errors.contains("photo.jpg") && errors.contains("--data"), "{errors}");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
    // The root directory of a volume counts as empty.
    let volume = TempDir::new();
    std::fs::create_dir(volume.path().join("lost+found")).unwrap();
    Runner::with_data(volume.path()).await.chat().user().await;
}

#[tokio::test]
async fn a_file_in_the_place_of_a_directory_is_named_in_the_error() {
    let data = TempDir::new();
    let file = data.path().join("data");
    std::fs::write(&file, "in the way").unwrap();
    let errors = refused(&file).await;
    assert!(errors.contains("is a file and not a directory"), "{errors}");
}

#[tokio::test]
async fn databases_that_are_emptied_or_another_programs_are_refused() {
    let data = TempDir::new();
    let confab = Runner::with_data(data.path()).await;
    // A clean stop leaves no journal from which SQLite would repair them.
    confab.signal("TERM").await;
    confab.ended().await;
    for name in ["dynamodb.sqlite", "sqs.sqlite", "sns.sqlite"] {
        let path = data.path().join(name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        assert!(refused(data.path()).await.contains("is empty"), "{name}");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(refused(data.path()).await.contains("is not a file"), "{name}");
        std::fs::remove_dir(&path).unwrap();
        assert!(refused(data.path()).await.contains("is missing"), "{name}");
        std::fs::write(&path, "the diary of another program, in prose").unwrap();
        assert!(refused(data.path()).await.contains("restore the whole directory"), "{name}");
        std::fs::write(&path, whole).unwrap();
    }
    Runner::with_data(data.path()).await.chat().user().await;
}

/// Files of each kind: data, one that is replaced, one that is not kept.
const OWN_FILES: [&str; 7] =
    ["format", "format.draft", "signing-secret", "lock", "room.draft", "dynamodb.sqlite", "sqs.sqlite-wal"];

/// Puts another kind of file in the place of a file of Confab; returns the error output of a start, and restores the
/// file.
async fn refused_with(folder: &Path, name: &str, put: impl Fn(&Path)) -> String {
    let (path, aside) = (folder.join(name), folder.join("aside"));
    let was_there = std::fs::rename(&path, &aside).is_ok();
    put(&path);
    let errors = refused(folder).await;
    if path.is_dir() { std::fs::remove_dir(&path) } else { std::fs::remove_file(&path) }.unwrap();
    if was_there {
        std::fs::rename(&aside, &path).unwrap();
    }
    assert!(errors.contains(path.to_str().unwrap()) && errors.contains("--data"), "{errors}");
    errors
}

/// A pipe opens only once its other end is open, so a program that opens it unchecked waits for ever.
#[tokio::test]
async fn anything_but_a_file_in_the_place_of_a_file_is_named_in_the_error() {
    let [fresh, used] = [TempDir::new(), TempDir::new()];
    Runner::with_data(used.path()).await.kill().await;
    for folder in [fresh.path(), used.path()] {
        for name in OWN_FILES {
            let pipe = |path: &Path| {
                assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
            };
            let errors = refused_with(folder, name, pipe).await;
            assert!(errors.contains("is a named pipe and is not a file; move it away"), "{errors}");
        }
        let socket = |path: &Path| drop(std::os::unix::net::UnixListener::bind(path).unwrap());
        assert!(refused_with(folder, "lock", socket).await.contains("is a socket"));
        let directory = |path: &Path| std::fs::create_dir(path).unwrap();
        assert!(refused_with(folder, "format", directory).await.contains("is a directory"));
        let device = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
        assert!(refused_with(folder, "signing-secret", device).await.contains("is a device"));
    }
    assert_eq!(std::fs::read_dir(fresh.path()).unwrap().count(), 0);
    Runner::with_data(used.path()).await.chat().user().await;
}

#[tokio::test]
async fn a_dangling_link_is_not_written_through() {
    let [fresh, used, elsewhere] = [TempDir::new(), TempDir::new(), TempDir::new()];
    Runner::with_data(used.path()).await.kill().await;
    let target = elsewhere.path().join("nothing");
    for folder in [fresh.path(), used.path()] {
        for name in OWN_FILES {
            let link = |path: &Path| std::os::unix::fs::symlink(&target, path).unwrap();
            let errors = refused_with(folder, name, link).await;
            assert!(errors.contains("is a symbolic link to what is not there; remove it"), "{errors}");
            assert!(!target.exists(), "{name}");
        }
    }
    Runner::with_data(used.path()).await.chat().user().await;
}

#[tokio::test]
async fn a_signing_secret_that_nobody_drew_is_refused() {
    let data = TempDir::new();
    Runner::with_data(data.path()).await.kill().await;
    let path = data.path().join("signing-secret");
    let [long, upper] = ["x".repeat(64), "A".repeat(64)];
    for garbage in [&b""[..], b"short", b"\xff\xfe", long.as_bytes(), upper.as_bytes()] {
        std::fs::write(&path, garbage).unwrap();
        let errors = refused(data.path()).await;
        assert!(errors.contains("signing-secret") && errors.contains("remove it"), "{errors}");
    }
    std::fs::remove_file(&path).unwrap();
    Runner::with_data(data.path()).await.chat().user().await;
}

/// Starts with a directory that can be used; returns the log up to the end.
async fn logged(folder: &Path) -> String {
    let log = TempDir::new();
    let path = log.path().join("log");
    let mut confab = command(&["--listen", "127.0.0.1:0", "--data", folder.to_str().unwrap()]);
    let confab = Runner::of(confab.stderr(std::fs::File::create(&path).unwrap())).await;
    confab.signal("TERM").await;
    confab.ended().await;
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_lost_secret_is_drawn_again_with_a_log_message() {
    let data = TempDir::new();
    let path = data.path().join("signing-secret");
    for start in 0..3 {
        let log = logged(data.path()).await;
        assert!(!log.contains("signing-secret"), "start {start}: {log}");
    }
    std::fs::remove_file(&path).unwrap();
    let log = logged(data.path()).await;
    assert!(log.contains("signing-secret was missing"), "{log}");
    // A directory of the first format has no file that names its format.
    for name in ["signing-secret", "format"] {
        std::fs::remove_file(data.path().join(name)).unwrap();
    }
    let log = logged(data.path()).await;
    assert!(log.contains("signing-secret was missing"), "{log}");
    let queues = data.path().join("sqs.sqlite");
    let whole = std::fs::read(&queues).unwrap();
    for name in ["signing-secret", "format", "sqs.sqlite"] {
        std::fs::remove_file(data.path().join(name)).unwrap();
    }
    assert!(refused(data.path()).await.contains("sqs.sqlite is missing"));
    std::fs::write(&queues, whole).unwrap();
    let log = logged(data.path()).await;
    assert!(log.contains("signing-secret was missing"), "{log}");
    // A directory that has also lost a database is refused, and no new one is started in it.
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_file(data.path().join("dynamodb.sqlite")).unwrap();
    assert!(refused(data.path()).await.contains("is missing"));
}

#[tokio::test]
async fn health_fails_when_nothing_can_be_stored() {
    let data = TempDir::new();
    let confab = Runner::with_data(data.path()).await;
    let http = confab.chat().http;
    assert_eq!(http.get("/v1/health").await.ok()["status"], "ok");
    std::fs::create_dir(data.path().join("room.draft")).unwrap();
    eventually(async || http.get("/v1/health").await.status == 503).await;
    http.get("/v1/health").await.refused(503, "unavailable");
    std::fs::remove_dir(data.path().join("room.draft")).unwrap();
    eventually(async || http.get("/v1/health").await.status == 200).await;
}

/// Repeats the check until it holds, since an answer is cached for a second.
async fn eventually(is_so: impl AsyncFn() -> bool) {
    let asked = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(tests::DEADLINE, asked).await.expect("the condition never held");
}

#[tokio::test]
async fn data_is_stored_in_a_folder_of_the_current_directory_by_default() {
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
