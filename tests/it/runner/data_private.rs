//! Owners and modes of data directories, and directories after a refused start.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Stdio;

use tests::runner::{Runner, TempDir, command, run};
use tokio::process::Command;

/// A user who is not root and owns no file.
const NOBODY: u32 = 65_534;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn assert_is_private(directory: &Path) {
    assert_eq!(mode(directory) & 0o077, 0, "{directory:?}");
    let names = names(directory);
    assert!(names.iter().any(|name| name == "dynamodb.sqlite-wal"), "{names:?}");
    for name in names {
        assert_eq!(mode(&directory.join(&name)) & 0o077, 0, "{name}");
    }
}

/// The error output of a refused start.
async fn refused(path: &Path) -> String {
    let output = run(&["--listen", "127.0.0.1:0", "--data", path.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    let says_what_to_do = errors.contains("--data") || errors.contains("restore");
    assert!(output.stdout.is_empty() && says_what_to_do, "{errors}");
    errors
}

#[tokio::test]
async fn a_directory_that_was_there_becomes_its_owners_alone() {
    for before in [0o755, 0o777, 0o2775] {
        let data = TempDir::new();
        set_mode(data.path(), before);
        let confab = Runner::with_data(data.path()).await;
        confab.chat().user().await;
        assert_is_private(data.path());
        assert_eq!(mode(data.path()), before & !0o077);
    }
}

#[tokio::test]
async fn files_that_an_earlier_version_left_readable_become_private() {
    let data = TempDir::new();
    Runner::with_data(data.path()).await.kill().await;
    set_mode(data.path(), 0o755);
    for name in names(data.path()) {
        set_mode(&data.path().join(name), 0o644);
    }
    let confab = Runner::with_data(data.path()).await;
    confab.chat().user().await;
    assert_is_private(data.path());
}

#[tokio::test]
async fn a_place_that_many_people_share_is_refused_and_left_as_it_is() {
    let data = TempDir::new();
    set_mode(data.path(), 0o1777);
    let errors = refused(data.path()).await;
    assert!(errors.contains("many people share"), "{errors}");
    assert_eq!((mode(data.path()), names(data.path())), (0o1777, vec![]));
}

#[tokio::test]
async fn a_refused_directory_is_left_as_it_was() {
    for name in ["dynamodb.sqlite", "sqs.sqlite", "sns.sqlite", "signing-secret"] {
        let data = TempDir::new();
        set_mode(data.path(), 0o755);
        let file = data.path().join(name);
        fs::write(&file, "a letter to my landlord").unwrap();
        set_mode(&file, 0o644);
        refused(data.path()).await;
        assert_eq!(names(data.path()), [name]);
        assert_eq!((mode(data.path()), mode(&file)), (0o755, 0o644), "{name}");
        assert_eq!(fs::read(&file).unwrap(), b"a letter to my landlord");
    }
}

#[tokio::test]
async fn a_start_without_an_address_leaves_no_directory() {
    let folder = TempDir::new();
    let taken = Runner::start(&["--memory"]).await;
    let address = taken.http.strip_prefix("http://").unwrap();
    let data = folder.path().join("a/b");
    let output = run(&["--listen", address, "--data", data.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(names(folder.path()), [""; 0]);
    // An existing directory stays, with its content.
    let confab = Runner::with_data(&data).await;
    let user = confab.chat().user().await;
    confab.kill().await;
    let before = names(&data);
    let output = run(&["--listen", address, "--data", data.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1));
    let kept = names(&data);
    assert!(
        before.iter().all(|name| kept.contains(name) || name.ends_with("-wal") || name.ends_with("-shm"))
    );
    let chat = Runner::with_data(&data).await;
    chat.chat().login(&user.handle, &user.password).await.ok();
}

#[tokio::test]
async fn a_dangling_link_is_named_in_the_error() {
    let folder = TempDir::new();
    let link = folder.path().join("link");
    symlink(folder.path().join("nowhere"), &link).unwrap();
    let errors = refused(&link).await;
    assert!(errors.contains("symbolic link") && !errors.contains("File exists"), "{errors}");
    fs::create_dir(folder.path().join("nowhere")).unwrap();
    Runner::with_data(&link).await.chat().user().await;
}

fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// The program as a user who is bound by file modes: root becomes another user. `None` if that is not possible.
async fn bound_by_modes(data: &Path) -> Option<Command> {
    let args = ["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    if fs::metadata(data).unwrap().uid() != 0 {
        return Some(command(&args));
    }
    let id = NOBODY.to_string();
    let program = command(&args).as_std().get_program().to_owned();
    let nobody = |argument: &std::ffi::OsStr| {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(argument).kill_on_drop(true);
        setpriv.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        setpriv
    };
    let version = nobody(&program).arg("--help").output().await;
    if !version.is_ok_and(|output| output.status.success()) {
        skipped("as root, and without setpriv or a program that others may run");
        return None;
    }
    for path in std::iter::once(data.to_owned()).chain(names(data).iter().map(|name| data.join(name))) {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut confab = nobody(&program);
    confab.args(args);
    Some(confab)
}

#[tokio::test]
async fn a_read_only_database_is_an_error_at_the_start() {
    for name in ["dynamodb.sqlite", "sqs.sqlite", "sns.sqlite"] {
        let data = TempDir::new();
        let confab = Runner::with_data(data.path()).await;
        confab.signal("TERM").await;
        confab.ended().await;
        set_mode(&data.path().join(name), 0o400);
        let Some(mut confab) = bound_by_modes(data.path()).await else { return };
        let output = tokio::time::timeout(tests::DEADLINE, confab.output()).await.unwrap().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(name) && errors.contains("let this user write there"), "{errors}");
        set_mode(&data.path().join(name), 0o600);
        let mut confab = bound_by_modes(data.path()).await.unwrap();
        Runner::of(&mut confab).await.chat().user().await;
    }
}

#[tokio::test]
async fn a_directory_of_another_owner_that_others_may_use_is_refused() {
    let data = TempDir::new();
    let Some(mut confab) = bound_by_modes(data.path()).await else { return };
    if fs::metadata(data.path()).unwrap().uid() != NOBODY {
        skipped("only root can give a directory away");
        return;
    }
    chown(data.path(), Some(NOBODY - 1), Some(NOBODY - 1)).unwrap();
    set_mode(data.path(), 0o777);
    let output = tokio::time::timeout(tests::DEADLINE, confab.output()).await.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("chmod go=") && errors.contains("--data"), "{errors}");
    assert_eq!((mode(data.path()), names(data.path())), (0o777, vec![]));
}
