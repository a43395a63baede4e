//! Start of the program.

use tests::runner::{Runner, run};

#[tokio::test]
async fn one_line_names_the_address_of_the_program() {
    let confab = Runner::start(&["--memory"]).await;
    let (http, ws) = (confab.http.clone(), confab.ws.clone());
    assert!(http.starts_with("http://127.0.0.1:") && !http.ends_with(":0"), "{http}");
    assert_eq!(ws, format!("{}/ws", http.replacen("http", "ws", 1)));
    assert_eq!(confab.chat().http.get("/v1/health").await.ok()["status"], "ok");
    let greeting = confab.greeting.clone();
    confab.signal("TERM").await;
    let lines = [greeting, confab.ended().await.1].concat();
    assert_eq!(lines.iter().filter(|line| line.contains("CONFAB_READY")).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn tickets_lead_to_the_socket_of_that_line() {
    let confab = Runner::start(&["--memory"]).await;
    let alice = confab.chat().user().await;
    let url = alice.ticket_url().await;
    assert!(url.starts_with(&format!("{}?ticket=", confab.ws)), "{url}");
    alice.connect().await.assert_alive().await;
}

#[tokio::test]
async fn the_page_is_at_the_root() {
    let confab = Runner::start(&["--memory"]).await;
    let answer = confab.chat().http.get("/").await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(String::from_utf8_lossy(&answer.body).contains("<html"));
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let first = Runner::start(&["--memory"]).await;
    let address = first.http.trim_start_matches("http://").to_owned();
    let output = run(&["--memory", "--listen", &address]).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains(&address), "{errors}");
    first.chat().user().await;
}
