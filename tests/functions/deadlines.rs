//! When a store hangs, each function answers before Lambda kills it.

use std::time::Duration;

use confab_lambda::websocket::Response;
use serde_json::json;
use tests::template::template;
use tokio::time::Instant;

use crate::bench::{Bench, User, event, message};

/// The timeout of a Lambda function, by its folder in `template.yaml`.
fn timeout_of(function: &str) -> Duration {
    let template = template();
    let resources = template["Resources"].as_object().expect("resources").values();
    let folder = format!("functions/{function}");
    let mut its = resources.map(|resource| &resource["Properties"]).filter(|its| its["CodeUri"] == folder);
    let timeout = its.next().expect("the function")["Timeout"].as_u64();
    Duration::from_secs(timeout.expect("whole seconds"))
}

/// Calls a function again and again; each time one more request to the stores and queues is answered before all others
/// hang. Stops when no request hangs. Returns the answers, the last of which is undisturbed.
async fn with_each_request_hanging(
    bench: &Bench,
    function: &str,
    call: impl AsyncFn(usize) -> Response,
) -> Vec<Response> {
    let (timeout, mut answers) = (timeout_of(function), Vec::new());
    for answered in 0.. {
        bench.stalls.hang_after(answered);
        let started = Instant::now();
        let answer = tokio::time::timeout(timeout, call(answered)).await;
        bench.stalls.end();
        answers.push(
            answer.unwrap_or_else(|_| panic!("{function} is killed with {answered} requests answered")),
        );
        let took = started.elapsed();
        // Only a hanging request takes time.
        if took < Duration::from_secs(1) {
            break;
        }
    }
    assert!(answers.len() > 1, "{function} asks no store");
    answers
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_refused_in_time_whichever_request_hangs() {
    let bench = Bench::new().await;
    bench.sign_in(1).await;
    // Other connections fill the device, so that the handshake closes one, queues the close and records it.
    for n in 0..5 {
        bench.connect(1, &format!("old{n}=")).await;
    }
    let connect =
        async |n: usize| bench.connect.handle(event(1, &format!("c{n}="), "$connect", "CONNECT", None)).await;
    let mut answers = with_each_request_hanging(&bench, "connect", connect).await;
    assert_eq!(answers.pop().map(|answer| answer.status_code), Some(200));
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status_code).collect();
    assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_connection_is_answered_in_time_whichever_request_hangs() {
    let bench = Bench::new().await;
    let ada = User::new(&bench, 1).await;
    let connection = "c1=";
    let disconnect =
        async |_| bench.disconnect.handle(event(ada.n, connection, "$disconnect", "DISCONNECT", None)).await;
    let answers = with_each_request_hanging(&bench, "disconnect", disconnect).await;
    assert!(answers.iter().all(|answer| answer.status_code == 200), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn every_frame_is_answered_in_time_whichever_request_hangs() {
    let bench = Bench::new().await;
    let [ada, bob] = [User::new(&bench, 1).await, User::new(&bench, 2).await];
    let dm = bench.send(&ada, &bob, "m0", "hello").await;
    let frames = [
        ("send", json!({"action": "send", "id": "m1", "to": bob.id.to_string(), "text": "hi"})),
        ("sync", json!({"action": "sync", "id": "s", "cursors": {}})),
        ("history", json!({"action": "history", "id": "h", "conversation": dm})),
        ("read", json!({"action": "read", "id": "r", "conversation": dm, "seq": 1})),
        ("presence", json!({"action": "presence", "id": "p", "users": [bob.id.to_string()]})),
        ("heartbeat", json!({"action": "heartbeat", "id": "b"})),
    ];
    for (route, frame) in &frames {
        let function = if ["send", "heartbeat"].contains(route) { route } else { "sync" };
        let call = async |_| {
            let event = message(&ada, route, frame);
            match function {
                "send" => bench.send.handle(event).await,
                "heartbeat" => bench.heartbeat.handle(event).await,
                _ => bench.sync.handle(event).await,
            }
        };
        let mut answers = with_each_request_hanging(&bench, function, call).await;
        let last = answers.pop().and_then(|answer| answer.body).expect("a frame");
        assert!(!last.contains(r#""type":"error""#), "{last}");
        for body in answers.into_iter().map(|answer| answer.body.expect("a frame")) {
            let is_typed = body.contains(r#""code":"unavailable""#) && body.contains(r#""id":"#);
            assert!(is_typed, "{route}: {body}");
        }
    }
}
