use std::{future::pending, sync::Arc, time::Duration};

use confab_event_source::EventSource;
use tokio::sync::Semaphore;

use crate::support::{Function, count, done, queue, send, send_all, source};

#[tokio::test(start_paused = true)]
async fn an_event_has_at_most_batch_size_messages() {
    let client = queue().await;
    send_all(&client, 1..=7).await;
    let mut function = Function::answering(EventSource { batch_size: 3, ..source() }, &client, done);
    let mut sizes = Vec::new();
    for _ in 0..3 {
        sizes.push(function.next().await.records().len());
    }
    assert_eq!(sizes, [3, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn at_most_maximum_concurrency_invocations_run_side_by_side() {
    let client = queue().await;
    send_all(&client, 1..=5).await;
    let source = EventSource { batch_size: 1, maximum_concurrency: 2, ..source() };
    let (gate, ends) = (Arc::new(Semaphore::new(0)), Duration::from_secs(1));
    let opened = Arc::clone(&gate);
    let mut function = Function::start(source, &client, pending(), move |_| {
        let opened = Arc::clone(&opened);
        async move {
            opened.acquire().await.unwrap().forget();
            Ok(String::new())
        }
    });
    tokio::time::sleep(ends).await;
    assert_eq!(function.so_far().len(), 2);
    gate.add_permits(1);
    tokio::time::sleep(ends).await;
    assert_eq!(function.so_far().len(), 1);
    gate.add_permits(4);
    tokio::time::sleep(ends).await;
    assert_eq!((function.so_far().len(), count(&client).await), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_window_collects_more_than_one_receive_brings() {
    let client = queue().await;
    send_all(&client, 1..=25).await;
    let window = Duration::from_secs(5);
    let source = EventSource { batch_size: 100, maximum_batching_window: window, ..source() };
    let mut function = Function::answering(source, &client, done);
    assert_eq!(function.next().await.records().len(), 25);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count(&client).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_window_ends_early_when_the_event_is_full() {
    let client = queue().await;
    let window = Duration::from_secs(300);
    let source = EventSource { batch_size: 2, maximum_batching_window: window, ..source() };
    let mut function = Function::answering(source, &client, done);
    send(&client, "one").await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(function.so_far().len(), 0);
    let sent_at = tokio::time::Instant::now();
    send(&client, "two").await;
    let invocation = function.next().await;
    assert_eq!(invocation.bodies(), ["one", "two"]);
    assert_eq!((invocation.at - sent_at).as_secs(), 0);
}
