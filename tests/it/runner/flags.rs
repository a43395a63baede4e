//! Flags.

use tests::DEADLINE;
use tests::runner::{Runner, command, run};
use tokio::time::timeout;

#[tokio::test]
async fn invalid_flags_are_reported_on_stderr_with_exit_code_2() {
    for args in [
        &["--nonsense"][..],
        &["nonsense"],
        &["--listen"],
        &["--listen", "nonsense"],
        &["--listen", "127.0.0.1"],
        &["--listen", "127.0.0.1:65536"],
        &["--listen", ":8080"],
        &["--listen", "http://localhost:8080"],
        &["--allow-origin", "app.example"],
        &["--allow-origin", "https://app.example/path"],
        &["--public-url", "chat.example"],
        &["--public-url", "ws://chat.example"],
        &["--public-url", "https://chat.example/path"],
        &["--heartbeat-seconds", "0"],
        &["--heartbeat-seconds=-1"],
        &["--heartbeat-seconds", "ten"],
        &["--presence-timeout-seconds", "0"],
        &["--signup", "anybody"],
        &["--retention-days=-1"],
        &["--retention-days", "1.5"],
        &["--memory", "--data", "somewhere"],
        &["--memory", "--memory"],
    ] {
        let output = run(args).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?} {errors}");
        assert!(output.stdout.is_empty(), "{args:?}");
        let flag = args[0].split('=').next().unwrap();
        assert!(errors.contains(flag), "{args:?} is not named: {errors}");
    }
}

#[tokio::test]
async fn a_flag_of_a_later_version_is_unknown() {
    let output = run(&["--memory", "--chaos", "1"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--chaos"));
}

#[tokio::test]
async fn help_and_version_are_on_stdout() {
    let help = run(&["--help"]).await;
    let text = String::from_utf8_lossy(&help.stdout);
    for flag in [
        "--listen",
        "--public-url",
        "--allow-origin",
        "--data",
        "--memory",
        "--heartbeat-seconds",
        "--presence-timeout-seconds",
        "--retention-days",
    ] {
        assert!(help.status.success() && text.contains(flag), "{flag} is not explained");
    }
    let version = run(&["--version"]).await;
    assert!(version.status.success() && String::from_utf8_lossy(&version.stdout).starts_with("confab "));
}

#[tokio::test]
async fn odd_settings_are_not_ignored_silently() {
    let refused = run_with("CONFAB_LOG", "=nonsense=", &["--memory", "--listen", "127.0.0.1:0"]).await;
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{errors}");
    assert!(errors.contains("CONFAB_LOG") && refused.stdout.is_empty(), "{errors}");
    // Ends immediately, since no interface has that address.
    let warned =
        run_with("CONFAB_DATA", "x", &["--memory", "--listen", "192.0.2.1:1", "--heartbeat-seconds", "60"])
            .await;
    let errors = String::from_utf8_lossy(&warned.stderr);
    for said in [
        "CONFAB_DATA is not read here",
        "a heartbeat of 15 s and not of 60 s",
        "cannot listen on 192.0.2.1:1",
    ] {
        assert!(errors.contains(said), "{errors}");
    }
    assert_eq!(warned.status.code(), Some(1));
}

async fn run_with(name: &str, value: &str, args: &[&str]) -> std::process::Output {
    timeout(DEADLINE, command(args).env(name, value).output()).await.expect("it ends").unwrap()
}

#[tokio::test]
async fn clients_get_the_heartbeat_interval() {
    let confab = Runner::start(&["--memory", "--heartbeat-seconds", "7"]).await;
    let mut phone = confab.chat().user().await.connect().await;
    assert_eq!(phone.assert_alive().await["next_seconds"], 7);
    let confab = Runner::start(&["--memory"]).await;
    let mut phone = confab.chat().user().await.connect().await;
    assert_eq!(phone.assert_alive().await["next_seconds"], 10);
}
