//! Outcomes for records of the push queue, and for their recipients, when a function crashes or SNS fails.

use std::time::Duration;

use confab_domain::DeviceId;
use ulid::Ulid;

use crate::bench::{Bench, User};
use crate::push_bench::{Fault, again, alert, clear, silence};

/// Longer than any call to the embedded services takes.
const LIFE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_record_that_is_retried_after_a_crash_gives_no_second_alert() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    bench.send(&ada, &bob, "m1", "hello").await;
    let record = alert(&ada, &bob, 1, false);
    // Each delivery but the first is as after a crash between the publish and the answer.
    for _ in 0..3 {
        assert!(!bench.redeliver_push(&record).await);
        assert_eq!(bench.pushes.published().len(), 1);
    }
    assert_eq!(bench.run_push().await, 1, "the record that the send has queued");
    assert_eq!(bench.pushes.published().len(), 1);
}

#[tokio::test]
async fn a_crash_before_the_publish_drops_the_alert_and_the_next_alert_counts_both_messages() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    let conversation = bench.send(&ada, &bob, "m1", "hello").await;
    let record = alert(&ada, &bob, 1, false);
    bench.pushes.set_fault(Some(Fault::Hangs));
    let died = tokio::time::timeout(LIFE, bench.redeliver_push(&record)).await;
    assert!(died.is_err(), "the publish hangs");
    bench.pushes.set_fault(None);
    assert!(!bench.redeliver_push(&record).await);
    assert_eq!(bench.run_push().await, 1);
    assert!(bench.pushes.published().is_empty(), "the outcome at the phone is unknown");
    assert_eq!(bench.explained(&conversation, 1).await["members"][1]["outcome"], "alerted");

    bench.send(&ada, &bob, "m2", "hello?").await;
    assert_eq!(bench.run_push().await, 1);
    let published = bench.pushes.published();
    assert_eq!(published.len(), 1);
    assert_eq!((&published[0]["seq"], &published[0]["badge"]), (&"2".into(), &"2".into()));
}

#[tokio::test]
async fn a_publish_that_sns_throttles_is_retried_by_another_record() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    bench.send(&ada, &bob, "m1", "hello").await;
    bench.pushes.set_fault(Some(Fault::Throttled));
    assert!(!bench.redeliver_push(&alert(&ada, &bob, 1, false)).await);
    bench.pushes.set_fault(None);
    assert!(bench.pushes.published().is_empty());
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(
        bench.run_push().await,
        2,
        "the record of the send, which finds the message alerted, and the retry"
    );
    let published = bench.pushes.published();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0]["badge"], "1");
}

/// Failures that an operator repairs while the push waits: a policy, or expired credentials.
#[tokio::test]
async fn a_publish_refused_for_a_policy_or_credentials_is_retried_and_finally_dead_lettered() {
    for (code, status) in [("AuthorizationError", 403), ("PlatformApplicationDisabled", 400)] {
        let bench = Bench::new().await;
        let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
        bench.send(&ada, &bob, "m1", "hello").await;
        bench.pushes.set_fault(Some(Fault::Refused(code, status)));
        assert!(!bench.redeliver_push(&alert(&ada, &bob, 1, false)).await);
        let last = again(&ada, &bob, 1, 5);
        assert!(!bench.redeliver_push(&last).await);
        assert_eq!(bench.dead_lettered(&bench.pushes_queue).await, [last], "{code}");
        bench.pushes.set_fault(None);
        assert!(bench.pushes.published().is_empty());
        assert!(!bench.redeliver_push(&again(&ada, &bob, 1, 1)).await);
        assert_eq!(bench.pushes.published().len(), 1, "after the repair");
    }
}

#[tokio::test]
async fn a_publish_that_sns_never_takes_is_dead_lettered() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    bench.send(&ada, &bob, "m1", "hello").await;
    assert_eq!(bench.run_push().await, 1);
    bench.pushes.set_fault(Some(Fault::Throttled));
    let last = again(&ada, &bob, 1, 5);
    assert!(!bench.redeliver_push(&last).await);
    assert_eq!(bench.dead_lettered(&bench.pushes_queue).await, [last]);
}

#[tokio::test]
async fn a_retry_is_dropped_once_the_message_is_read_or_muted() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    let conversation = bench.send(&ada, &bob, "m1", "hello").await;
    let read = serde_json::json!({"action": "read", "id": "r", "conversation": conversation, "seq": 1});
    assert!(bench.ask(&bob, "read", &read).await.is_some());
    assert!(!bench.redeliver_push(&again(&ada, &bob, 1, 1)).await);
    assert!(bench.pushes.published().is_empty());
}

#[tokio::test]
async fn a_user_whose_lease_was_renewed_since_is_not_alerted() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    bench.send(&ada, &bob, "m1", "hello").await;
    assert!(!bench.redeliver_push(&alert(&ada, &bob, 1, true)).await);
    assert!(bench.pushes.published().is_empty());
}

#[tokio::test]
async fn a_dead_token_is_forgotten_and_a_vanished_endpoint_made_anew() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    let before = bench.registration(&bob).await.expect("a registration");
    bench.endpoint_is_gone(&bob).await;
    bench.send(&ada, &bob, "m1", "hello").await;
    assert_eq!(bench.run_push().await, 1);
    assert_eq!(bench.pushes.published().len(), 1);
    let anew = bench.registration(&bob).await.expect("a registration");
    assert_eq!(anew.token, before.token);
    assert_ne!(anew.endpoint, before.endpoint);

    bench.endpoint_is_disabled(&bob).await;
    bench.send(&ada, &bob, "m2", "hello?").await;
    assert_eq!(bench.run_push().await, 1);
    assert_eq!(bench.pushes.published().len(), 1);
    assert_eq!(bench.registration(&bob).await, None);
    bench.send(&ada, &bob, "m3", "hello!").await;
    assert_eq!(bench.run_push().await, 1);
    assert!(bench.dead_lettered(&bench.pushes_queue).await.is_empty());
}

#[tokio::test]
async fn an_invalid_push_task_is_dead_lettered() {
    let bench = Bench::new().await;
    let (ada, bob) = (User::new(&bench, 1).await, bench.absent(2).await);
    let right = alert(&ada, &bob, 1, false);
    let never = [
        "nonsense".to_owned(),
        right.replace("\"v1\"", "\"v9\""),
        right.replace("\"seq\":1", "\"seq\":0"),
        right.replace("dm_", "pm_"),
        clear(&bob, &ada, (DeviceId::new(Ulid(9)), 1)).replace("dev_", "div_"),
        silence(&bob, 1).replace("usr_", "use_"),
    ];
    for body in &never {
        assert!(!bench.redeliver_push(body).await, "{body}");
        assert_eq!(bench.dead_lettered(&bench.pushes_queue).await, [body.as_str()]);
    }
}
