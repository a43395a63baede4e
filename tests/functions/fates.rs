//! What becomes of a record that a function gets.

use serde_json::json;

use crate::bench::{Bench, User};
use crate::posts::{FRONT_END, SLOW};
use crate::queue_bench::comes_again;

fn task(conversation: &str, seq: u64) -> String {
    json!({"version": "v1", "conversation": conversation, "seq": seq}).to_string()
}

#[tokio::test]
async fn a_record_comes_again_as_long_as_a_connection_takes_no_post() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    assert!(!comes_again(&task(&group, 1), |event| bench.fan_out.handle(event)).await);
    bench.has_old_connection(&bob, &format!("{SLOW}1=")).await;
    assert!(comes_again(&task(&group, 1), |event| bench.fan_out.handle(event)).await);
    assert!(bench.parked(&bench.fan_out_queue).await.is_empty());
}

/// Its code is none of the API's.
#[tokio::test]
async fn a_record_comes_again_where_the_gateway_itself_fails() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    bench.has_old_connection(&bob, &format!("{FRONT_END}1=")).await;
    assert!(comes_again(&task(&group, 1), |event| bench.fan_out.handle(event)).await);
}

#[tokio::test]
async fn what_nobody_can_ever_announce_is_parked_at_once() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    let never = [
        "nonsense".to_owned(),
        json!({"version": "v9", "conversation": group, "seq": 1}).to_string(),
        task("nowhere", 1),
        task(&group, 0),
        task(&group, 99),
    ];
    for body in &never {
        assert!(!comes_again(body, |event| bench.fan_out.handle(event)).await, "{body}");
        assert_eq!(bench.parked(&bench.fan_out_queue).await, [body.as_str()]);
    }
}

#[tokio::test]
async fn friends_are_told_again_as_long_as_one_takes_no_post() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    bench.befriend(&ada, &bob).await;
    bench.run_presence().await;
    let look = bench.next_look(&bob).await;
    bench.was_not_heard_for_long(&bob).await;
    bench.has_old_connection(&ada, &format!("{SLOW}1=")).await;
    for _ in 0..2 {
        bench.forget_posts();
        assert!(comes_again(&look, |event| bench.presence.handle(event)).await);
        assert!(bench.posts() >= 2, "to the one who takes posts as well");
    }
    assert!(bench.parked(&bench.presence_queue).await.is_empty());
}

#[tokio::test]
async fn what_names_nobody_is_parked_and_what_is_done_already_is_done() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    let begin = |user: &str| json!({"version": "v1", "step": "begin", "user": user, "watch": 7}).to_string();
    for body in ["nonsense".to_owned(), begin("nobody"), json!({"version": "v9"}).to_string()] {
        assert!(!comes_again(&body, |event| bench.presence.handle(event)).await, "{body}");
        assert_eq!(bench.parked(&bench.presence_queue).await, [body.as_str()]);
    }
    bench.run_presence().await;
    assert!(!comes_again(&begin(&ada.id.to_string()), |event| bench.presence.handle(event)).await);
    assert!(bench.parked(&bench.presence_queue).await.is_empty());
}
