use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};

use crate::support::{Function, count, queue, send, source};

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_invocations_under_way_and_stops_polling() {
    let client = queue().await;
    let (shut_down, shutdown) = oneshot::channel::<()>();
    let shutdown = async { drop(shutdown.await) };
    let mut function = Function::start(source(), &client, shutdown, |_| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok(String::new())
    });
    send(&client, "one").await;
    let begun = function.next().await.at;
    drop(shut_down);
    tokio::time::sleep(Duration::from_secs(1)).await;
    send(&client, "two").await;
    (&mut function.source).await.unwrap();
    assert_eq!((Instant::now() - begun).as_secs(), 10);
    assert_eq!(function.so_far().len(), 0);
    assert_eq!(count(&client).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_source_stops_without_delay() {
    let client = queue().await;
    let started = Instant::now();
    let shutdown = tokio::time::sleep(Duration::from_secs(5));
    let function = Function::start(source(), &client, shutdown, |_| async { Ok(String::new()) });
    function.source.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 5);
}
