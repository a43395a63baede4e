use std::time::Duration;

use confab_event_source::EventSource;

use crate::support::{Answer, Function, Invocation, VISIBILITY_SECONDS, count, queue, send_all, source};

fn reporting() -> EventSource {
    EventSource { report_batch_item_failures: true, ..source() }
}

fn report(ids: &[&str]) -> Answer {
    let failures: Vec<_> = ids.iter().map(|id| serde_json::json!({ "itemIdentifier": id })).collect();
    Ok(serde_json::json!({ "batchItemFailures": failures }).to_string())
}

/// Reports message 2 as failed the first time that the message comes.
fn fail_two_once(invocation: &Invocation) -> Answer {
    let is_first = invocation.records()[0]["attributes"]["ApproximateReceiveCount"] == "1";
    match invocation.ids().get("2") {
        Some(id) if is_first => report(&[id]),
        _ => report(&[]),
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_reported_message_is_received_again() {
    let client = queue().await;
    send_all(&client, 1..=3).await;
    let mut function = Function::answering(reporting(), &client, fail_two_once);
    let first = function.next().await;
    assert_eq!(first.bodies(), ["1", "2", "3"]);
    let again = function.next().await;
    assert_eq!(again.bodies(), ["2"]);
    assert_eq!((again.at - first.at).as_secs(), VISIBILITY_SECONDS);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(&client).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_report_counts_only_if_the_source_asks_for_reports() {
    let client = queue().await;
    send_all(&client, 1..=3).await;
    let mut function = Function::answering(source(), &client, fail_two_once);
    function.next().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(&client).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_cannot_be_understood_fails_all_messages() {
    for answer in [r#"{"batchItemFailures":[{"itemIdentifier":"nobody"}]}"#, "oops"] {
        let client = queue().await;
        send_all(&client, 1..=3).await;
        let mut function = Function::answering(reporting(), &client, |_| Ok(answer.to_owned()));
        function.next().await;
        assert_eq!(function.next().await.bodies(), ["1", "2", "3"]);
        assert_eq!(count(&client).await, 3);
    }
}
