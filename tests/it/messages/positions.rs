//! Invalid positions.

use serde_json::{Value, json};
use tests::{Chat, User};

/// Two users with one message, and their conversation.
async fn one_message() -> (User, User, String) {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    (alice, bob, dm)
}

fn no_positions() -> [Value; 6] {
    let huge: Value = serde_json::from_str("18446744073709551616").unwrap();
    [json!(1_u64 << 63), json!(u64::MAX), huge, json!(-1), json!(1.5), json!("1")]
}

#[tokio::test]
async fn over_the_socket_they_are_refused_by_name() {
    let (_, bob, dm) = one_message().await;
    let mut socket = bob.connect().await;
    for seq in no_positions() {
        for (frame, field) in [
            (json!({"action": "read", "conversation": dm, "seq": seq}), "seq"),
            (json!({"action": "history", "conversation": dm, "before": seq}), "before"),
            (json!({"action": "history", "conversation": dm, "after": seq}), "after"),
            (json!({"action": "sync", "cursors": {&dm: seq}}), "cursors"),
            (json!({"action": "send", "to": dm, "text": "x", "reply_to": seq}), "reply_to"),
        ] {
            let error = socket.refused(frame, "bad_request").await;
            assert!(error["message"].as_str().unwrap().contains(field), "{error}");
        }
    }
    socket.assert_quiet().await;
    let row = bob.listed(&dm).await;
    assert_eq!((&row["read_seq"], &row["last_seq"]), (&0.into(), &1.into()));
}

#[tokio::test]
async fn zero_is_before_the_first_and_nothing_else() {
    let (_, bob, dm) = one_message().await;
    let mut socket = bob.connect().await;
    socket.refused(json!({"action": "read", "conversation": dm, "seq": 0}), "bad_request").await;
    socket.refused(json!({"action": "history", "conversation": dm, "before": 0}), "bad_request").await;
    assert_eq!(socket.missed(&dm, json!({&dm: 0})).await.len(), 1);
    let page = socket.ask(json!({"action": "history", "conversation": dm, "after": 0})).await;
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
    bob.page(&dm, "before=0").await.refused(400, "bad_request");
    bob.page(&dm, "around=0").await.refused(400, "bad_request");
    assert_eq!(bob.log(&dm).await.len(), 1);
}

#[tokio::test]
async fn over_http_they_are_refused() {
    let (_, bob, dm) = one_message().await;
    for field in ["before", "after", "around"] {
        for seq in ["9223372036854775808", "18446744073709551616", "-1", "1.5", "one", "", "%00", "1e3"] {
            bob.page(&dm, &format!("{field}={seq}")).await.refused(400, "bad_request");
        }
    }
}
