//! The part of the tour on which phones get pushes, or do not.

use confab_domain::DeviceId;
use serde_json::{Value, json};
use ulid::Ulid;

use crate::bench::{Bench, User};
use crate::push_bench::{Fault, again, alert, clear};

/// Registers a token, another one, and none, by the API.
pub(crate) async fn registering(bench: &Bench, token: &str) {
    for (method, body, expected) in [
        ("PUT", json!({"platform": "fcm", "token": "first"}), 204),
        ("PUT", json!({"platform": "fcm", "token": "second"}), 204),
        ("PUT", json!({"platform": "apns", "token": "third"}), 400),
        ("DELETE", Value::Null, 204),
        ("PUT", json!({"platform": "fcm", "token": "fourth"}), 204),
    ] {
        let (status, answer) = bench.call(method, "/v1/devices/self/push", token, body).await;
        assert_eq!(status, expected, "{method}: {answer}");
    }
}

/// Sends alerts with all their outcomes.
pub(crate) async fn alerting(bench: &Bench, ada: &User, n: u128) {
    let frank = bench.absent(n).await;
    let conversation = bench.send(ada, &frank, "p1", "is pushed").await;
    bench.run_push().await;
    bench.enqueue_nonsense(&bench.pushes_queue).await;
    bench.run_push().await;
    bench.pushes.set_fault(Some(Fault::Throttled));
    bench.redeliver_push(&again(ada, &frank, 1, 0)).await;
    bench.pushes.set_fault(None);
    bench.redeliver_push(&alert(ada, &frank, 1, true)).await;
    assert_eq!(bench.explained(&conversation, 1).await["members"][1]["outcome"], "alerted");

    let read = json!({"action": "read", "id": "r", "conversation": conversation, "seq": 1});
    assert!(bench.ask(&frank, "read", &read).await.is_some());
    bench.redeliver_push(&clear(&frank, ada, (DeviceId::new(Ulid(9)), 1))).await;
    bench.disconnect(n, &format!("c{n}=")).await;

    bench.connect(n, &format!("c{n}=")).await;
    let group = bench.group(ada, &[&frank]).await;
    bench.send_to_group(ada, &group, "p1").await;
    bench.run_fan_out().await;
    bench.lets_lease_end(&frank).await;
    bench.run_push().await;
    assert_eq!(bench.explained(&group, 2).await["members"][1]["outcome"], "alerted");
    bench.disconnect(n, &format!("c{n}=")).await;

    bench.endpoint_is_gone(&frank).await;
    bench.send(ada, &frank, "p2", "has its endpoint made anew").await;
    bench.run_push().await;
    bench.endpoint_is_disabled(&frank).await;
    bench.send(ada, &frank, "p3", "finds a dead token").await;
    bench.run_push().await;
    assert_eq!(bench.registration(&frank).await, None);
}
