//! What becomes of a record that `fan-out` gets.

use serde_json::json;

use crate::bench::{Bench, User};
use crate::posts::SLOW;

fn task(conversation: &str, seq: u64) -> String {
    json!({"version": "v1", "conversation": conversation, "seq": seq}).to_string()
}

#[tokio::test]
async fn a_record_comes_again_as_long_as_a_connection_takes_no_post() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let group = bench.group(&ada, &[&bob]).await;
    assert!(!bench.comes_again(&task(&group, 1)).await);
    bench.has_old_connection(&bob, &format!("{SLOW}1=")).await;
    assert!(bench.comes_again(&task(&group, 1)).await);
    assert!(bench.parked().await.is_empty());
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
        assert!(!bench.comes_again(body).await, "{body}");
        assert_eq!(bench.parked().await, [body.as_str()]);
    }
}
