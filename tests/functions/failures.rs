//! Outcomes of failed queue records.

use confab_app::ports::{Consistency, Sessions};
use confab_lambda::records::{self, Received};
use serde_json::{Value, json};

use crate::bench::{Bench, User};
use crate::costs::{Budget, check};
use crate::posts::{FRONT_END, SLOW, THROTTLED, TOO_MANY};
use crate::queue_bench::redeliver;

fn task(conversation: &str, seq: u64) -> String {
    json!({"version": "v1", "conversation": conversation, "seq": seq}).to_string()
}

/// The record of an announcement that some connections of a user did not take.
pub(crate) fn repetition(
    conversation: &str,
    seq: u64,
    tries: u32,
    user: &User,
    connections: &[&str],
) -> String {
    let unreached = json!([{"user": user.id.to_string(), "connections": connections}]);
    json!({
        "version": "v2", "conversation": conversation, "seq": seq, "change": false, "tries": tries,
        "unreached": unreached,
    })
    .to_string()
}

/// The record of a presence notification that some connections of a friend did not take.
pub(crate) fn redeliver_news(
    of: &User,
    online: bool,
    tries: u32,
    friend: &User,
    connections: &[&str],
) -> String {
    let unreached = json!([{"user": friend.id.to_string(), "connections": connections}]);
    let user = of.id.to_string();
    json!({
        "version": "v1", "step": "notify_again", "user": user, "online": online, "tries": tries, "unreached": unreached,
    })
    .to_string()
}

#[tokio::test]
async fn a_connection_that_takes_no_post_costs_only_its_own_retries() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    bench.send_to_group(&ada, &group, "m").await;
    bench.run_fan_out().await;
    let slow = format!("{SLOW}1=");
    bench.has_old_connection(&bob, &slow).await;
    bench.forget_posts();
    assert!(!redeliver(&task(&group, 2), |event| bench.fan_out.handle(event)).await);
    let per_try = bench.posts_to(&slow);
    assert_eq!([bench.posts_to("c1="), bench.posts_to("c2=")], [1, 1]);
    assert_eq!(bench.delayed(&bench.fan_out_queue).await, 1);
    for tries in 1..=2 {
        bench.forget_posts();
        bench.meter.reset();
        let again = repetition(&group, 2, tries, &bob, &[&slow]);
        assert!(!redeliver(&again, |event| bench.fan_out.handle(event)).await);
        assert_eq!((bench.posts(), bench.posts_to(&slow)), (per_try, per_try), "to no other connection");
        check("a repetition", &bench, &Budget { write_units: 0.0, read_units: 2.0, round_trips: 2 });
        assert_eq!(bench.delayed(&bench.fan_out_queue).await, 1 + tries as usize);
    }
    assert!(bench.dead_lettered(&bench.fan_out_queue).await.is_empty());
}

#[tokio::test]
async fn a_post_is_retried_after_a_failure_of_the_gateway() {
    for fails in [FRONT_END, THROTTLED, TOO_MANY] {
        let bench = Bench::new().await;
        let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
        let group = bench.group(&ada, &[&bob]).await;
        bench.has_old_connection(&bob, &format!("{fails}1=")).await;
        assert!(!redeliver(&task(&group, 1), |event| bench.fan_out.handle(event)).await);
        assert_eq!(bench.delayed(&bench.fan_out_queue).await, 2, "the change of Bob's list, and the entry");
    }
}

#[tokio::test]
async fn no_connection_is_closed_for_failures_of_the_gateway_however_many() {
    for fails in [FRONT_END, THROTTLED, TOO_MANY] {
        let bench = Bench::new().await;
        let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
        bench.befriend(&ada, &bob).await;
        let group = bench.group(&ada, &[&bob]).await;
        bench.run_fan_out().await;
        bench.run_presence().await;
        let open = format!("{fails}1=");
        bench.has_old_connection(&bob, &open).await;
        for (full, failures, repeated) in [(3, 0, 1), (0, 10, 2), (3, 11, 2)] {
            let mut again: Value =
                serde_json::from_str(&repetition(&group, 1, full, &bob, &[&open])).unwrap();
            again["failures"] = failures.into();
            assert!(!redeliver(&again.to_string(), |event| bench.fan_out.handle(event)).await);
            assert_eq!(bench.delayed(&bench.fan_out_queue).await, repeated, "{fails} {full} {failures}");
        }
        let is_online = bench
            .store
            .session(ada.id, Consistency::Strong)
            .await
            .unwrap()
            .unwrap()
            .presence
            .friends_see_online();
        let news = redeliver_news(&ada, is_online, 3, &bob, &[&open]);
        assert!(!redeliver(&news, |event| bench.presence.handle(event)).await);
        assert!(connections_of(&bench, &bob).await.contains(&open), "{fails}");
        assert_eq!(bench.closes_of(&open), 0, "{fails}");
        assert!(bench.dead_lettered(&bench.fan_out_queue).await.is_empty());
    }
}

/// Many connections that read nothing leave the others to the next record. Their users are connected, so their phones
/// get no alert.
#[tokio::test]
async fn a_user_whose_post_is_left_to_the_next_record_is_not_alerted() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    let mut others = Vec::new();
    for n in 2..=14 {
        others.push(User::new(&bench, n).await);
    }
    let group = bench.group(&ada, &others.iter().collect::<Vec<_>>()).await;
    bench.run_fan_out().await;
    let (slow, listening) = others.split_at(10);
    for user in slow {
        for n in 0..11 {
            bench.has_old_connection(user, &format!("{SLOW}{}-{n}=", user.n)).await;
        }
    }
    for user in listening {
        bench.registers(user, &format!("token-{}", user.n)).await;
    }
    bench.forget_posts();
    bench.send_to_group(&ada, &group, "m").await;
    bench.run_fan_out().await;
    let posted = listening.iter().filter(|user| bench.posts_to(&format!("c{}=", user.n)) > 0).count();
    assert!(posted < listening.len(), "no post was left to the next record");
    bench.run_push().await;
    assert!(bench.pushes.published().is_empty(), "{:?}", bench.pushes.published());
}

#[tokio::test]
async fn a_connection_that_never_takes_the_event_is_closed_and_the_record_is_done() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    let slow = format!("{SLOW}1=");
    bench.has_old_connection(&bob, &slow).await;
    let last = repetition(&group, 1, 3, &bob, &[&slow, "c2="]);
    assert!(!redeliver(&last, |event| bench.fan_out.handle(event)).await);
    assert_eq!([bench.closes_of(&slow), bench.closes_of("c2=")], [1, 0]);
    assert_eq!(connections_of(&bench, &bob).await, ["c2="]);
    assert_eq!(bench.delayed(&bench.fan_out_queue).await, 0);
    assert!(bench.dead_lettered(&bench.fan_out_queue).await.is_empty());
}

#[tokio::test]
async fn an_unregistered_connection_gets_no_retry() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    bench.forget_posts();
    let again = repetition(&group, 1, 1, &bob, &["logged-out="]);
    assert!(!redeliver(&again, |event| bench.fan_out.handle(event)).await);
    assert_eq!(bench.posts(), 0);
}

#[tokio::test]
async fn a_message_to_a_connection_that_takes_no_post_is_left_to_the_queue() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.send(&ada, &bob, "m1", "opens").await;
    bench.has_old_connection(&bob, &format!("{SLOW}1=")).await;
    bench.forget_posts();
    bench.send(&ada, &bob, "m2", "hello").await;
    assert_eq!(bench.posts_to("c2="), 1);
    assert_eq!(bench.delayed(&bench.fan_out_queue).await, 1);
}

async fn connections_of(bench: &Bench, user: &User) -> Vec<String> {
    let session =
        bench.store.session(user.id, Consistency::Strong).await.expect("a store").expect("a session");
    session.connections.iter().map(|open| open.id.to_string()).collect()
}

#[tokio::test]
async fn a_record_that_can_never_succeed_is_dead_lettered_immediately() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    let never = [
        "nonsense".to_owned(),
        json!({"version": "v9", "conversation": group, "seq": 1}).to_string(),
        task("nowhere", 1),
        task(&group, 0),
        task(&group, 99),
        repetition(&group, 1, 1, &bob, &[]).replace("usr_", "use_"),
    ];
    for body in &never {
        assert!(!redeliver(body, |event| bench.fan_out.handle(event)).await, "{body}");
        assert_eq!(bench.dead_lettered(&bench.fan_out_queue).await, [body.as_str()]);
    }
}

#[tokio::test]
async fn friends_are_notified_once_although_one_connection_takes_no_post() {
    let bench = Bench::new().await;
    let [ada, bob, eve] =
        [User::new(&bench, 1).await, User::new(&bench, 2).await, User::new(&bench, 3).await];
    bench.befriend(&ada, &bob).await;
    bench.befriend(&eve, &bob).await;
    bench.run_presence().await;
    let (lease_check, slow) = (bench.next_lease_check(&bob).await, format!("{SLOW}1="));
    let waiting = bench.delayed(&bench.presence_queue).await;
    bench.was_silent_for_long(&bob).await;
    bench.has_old_connection(&ada, &slow).await;
    bench.forget_posts();
    assert!(!redeliver(&lease_check, |event| bench.presence.handle(event)).await);
    assert_eq!([bench.posts_to("c1="), bench.posts_to("c3=")], [1, 1]);
    let per_try = bench.posts_to(&slow);
    assert_eq!(bench.delayed(&bench.presence_queue).await, waiting + 1);
    bench.forget_posts();
    let again = redeliver_news(&bob, false, 1, &ada, &[&slow]);
    assert!(!redeliver(&again, |event| bench.presence.handle(event)).await);
    assert_eq!((bench.posts(), bench.posts_to(&slow)), (per_try, per_try), "to no other connection");
    assert_eq!(bench.delayed(&bench.presence_queue).await, waiting + 2);

    let last = redeliver_news(&bob, false, 3, &ada, &[&slow]);
    assert!(!redeliver(&last, |event| bench.presence.handle(event)).await);
    assert_eq!(bench.closes_of(&slow), 1);
    assert_eq!(bench.delayed(&bench.presence_queue).await, waiting + 2);
    assert!(bench.dead_lettered(&bench.presence_queue).await.is_empty());
}

#[tokio::test]
async fn outdated_presence_is_sent_to_no_friend_and_presence_is_sent_to_friends_only() {
    let bench = Bench::new().await;
    let [ada, bob, eve] =
        [User::new(&bench, 1).await, User::new(&bench, 2).await, User::new(&bench, 3).await];
    bench.befriend(&ada, &bob).await;
    bench.run_presence().await;
    bench.forget_posts();
    for body in
        [redeliver_news(&bob, false, 1, &ada, &["c1="]), redeliver_news(&bob, true, 1, &eve, &["c3="])]
    {
        assert!(!redeliver(&body, |event| bench.presence.handle(event)).await);
        assert_eq!(bench.posts(), 0, "{body}");
    }
    let body = redeliver_news(&bob, true, 1, &ada, &["c1="]);
    assert!(!redeliver(&body, |event| bench.presence.handle(event)).await);
    assert_eq!(bench.posts_to("c1="), 1);
}

#[tokio::test]
async fn an_invalid_presence_task_is_dead_lettered_and_a_repeated_one_does_nothing() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    let begin = |user: &str| json!({"version": "v1", "step": "begin", "user": user, "watch": 7}).to_string();
    for body in ["nonsense".to_owned(), begin("nobody"), json!({"version": "v9"}).to_string()] {
        assert!(!redeliver(&body, |event| bench.presence.handle(event)).await, "{body}");
        assert_eq!(bench.dead_lettered(&bench.presence_queue).await, [body.as_str()]);
    }
    bench.run_presence().await;
    assert!(!redeliver(&begin(&ada.id.to_string()), |event| bench.presence.handle(event)).await);
    assert!(bench.dead_lettered(&bench.presence_queue).await.is_empty());
}

#[tokio::test]
async fn a_panic_is_a_failure_of_its_record_alone() {
    let bench = Bench::new().await;
    let (panics, done) = (r#""panics""#, r#""done""#);
    let source = &bench.fan_out.source;
    let handle = |event| {
        records::perform_each("test", event, source, |received: Received<String>| async move {
            assert_ne!(received.task, "panics");
            Ok(())
        })
    };
    let failed = bench.hand_over(&bench.fan_out_queue, &[done, panics], handle).await;
    assert_eq!(failed, [panics]);
    assert!(bench.dead_lettered(&bench.fan_out_queue).await.is_empty());
    assert!(bench.comes_within_seconds(&bench.fan_out_queue, 5).await);
}

/// A batch of two records, one of which the store can serve.
#[tokio::test]
async fn a_failed_record_is_retried_soon_and_alone() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    bench.run_fan_out().await;
    let (fails, never) = (repetition(&group, 1, 1, &bob, &["c2="]), "nonsense, which is dead-lettered");
    bench.loses_table("sessions").await;
    let handle = |event| bench.fan_out.handle(event);
    let failed = bench.hand_over(&bench.fan_out_queue, &[&fails, never], handle).await;
    assert_eq!(failed, [fails]);
    assert_eq!(bench.dead_lettered(&bench.fan_out_queue).await, [never]);
    // Long before the visibility timeout of the queue.
    assert!(bench.comes_within_seconds(&bench.fan_out_queue, 5).await);
}
