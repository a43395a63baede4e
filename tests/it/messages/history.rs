//! Pages of a conversation.

use serde_json::{Value, json};
use tests::{Chat, Socket, User};

/// Two users with `count` messages; returns the reader, a socket of theirs, and the conversation.
async fn conversation_of(count: usize) -> (User, Socket, String) {
    let [alice, bob] = Chat::new().users().await;
    let mut phone = alice.connect().await;
    for n in 1..=count {
        phone.say(&bob.id, &format!("message {n}")).await;
    }
    let dm = alice.dm(&bob);
    (bob.clone(), bob.connect().await, dm)
}

#[track_caller]
fn check(page: &Value, expected: impl Iterator<Item = u64>, more: bool) {
    let seqs: Vec<u64> =
        page["messages"].as_array().unwrap().iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!((seqs, &page["more"]), (expected.collect(), &more.into()));
}

#[tokio::test]
async fn pages_after_and_before_lie_next_to_their_position() {
    let (bob, mut socket, dm) = conversation_of(9).await;
    for (field, at, limit, expected, more) in [
        ("after", 0, 4, 1..=4, true),
        ("after", 4, 5, 5..=9, false),
        ("after", 7, 4, 8..=9, false),
        ("before", 10, 4, 6..=9, true),
        ("before", 5, 4, 1..=4, false),
        ("before", 3, 4, 1..=2, false),
    ] {
        let over_http = bob.page(&dm, &format!("{field}={at}&limit={limit}")).await.ok();
        check(&over_http, expected.clone(), more);
        let answer =
            socket.ask(json!({"action": "history", "conversation": dm, field: at, "limit": limit})).await;
        assert_eq!((&answer["type"], &answer["conversation"]), (&"history".into(), &dm.as_str().into()));
        check(&answer, expected, more);
    }
}

#[tokio::test]
async fn beyond_either_end_there_is_nothing() {
    let (bob, mut socket, dm) = conversation_of(3).await;
    for (field, at) in [("after", 3), ("after", 1000), ("before", 1)] {
        check(&bob.page(&dm, &format!("{field}={at}")).await.ok(), 0..0, false);
        check(&socket.ask(json!({"action": "history", "conversation": dm, field: at})).await, 0..0, false);
    }
}

#[tokio::test]
async fn the_newest_fifty_are_given_unless_something_else_is_asked_for() {
    let (bob, mut socket, dm) = conversation_of(53).await;
    check(&bob.page(&dm, "").await.ok(), 4..=53, true);
    check(&socket.ask(json!({"action": "history", "conversation": dm})).await, 4..=53, true);
    check(&bob.page(&dm, "limit=2").await.ok(), 52..=53, true);
    check(&bob.page(&dm, "limit=100").await.ok(), 1..=53, false);
}

#[tokio::test]
async fn pages_tile_whatever_their_limit() {
    let (bob, mut socket, dm) = conversation_of(23).await;
    for limit in [1, 7, 22, 23, 24, 100] {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        loop {
            let frame = json!({"action": "history", "conversation": dm, "after": up.len(), "limit": limit});
            let page = socket.ask(frame).await;
            up.extend_from_slice(page["messages"].as_array().unwrap());
            if page["more"] == false {
                break;
            }
        }
        loop {
            let page = bob.page(&dm, &format!("before={}&limit={limit}", 24 - down.len())).await.ok();
            down.splice(0..0, page["messages"].as_array().unwrap().clone());
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(up.len(), 23);
        assert_eq!(up, down);
    }
}

#[tokio::test]
async fn a_page_around_a_position_shows_it_between_its_neighbours() {
    let (bob, _, dm) = conversation_of(12).await;
    for (around, limit, expected, more) in
        [(6, 5, 4..=8, true), (6, 4, 5..=8, true), (6, 1, 6..=6, true), (6, 100, 1..=12, false)]
    {
        let page = bob.page(&dm, &format!("around={around}&limit={limit}")).await.ok();
        check(&page, expected, more);
    }
    let page = bob.page(&dm, "around=1&limit=5").await.ok();
    assert_eq!(page["messages"][0]["seq"], 1);
    let page = bob.page(&dm, "around=12&limit=5").await.ok();
    assert_eq!(page["messages"].as_array().unwrap().last().unwrap()["seq"], 12);
}

#[tokio::test]
async fn a_limit_is_from_1_to_100() {
    let (bob, mut socket, dm) = conversation_of(1).await;
    for limit in ["0", "101", "-1", "1.5", "many", "18446744073709551616"] {
        let error = bob.page(&dm, &format!("limit={limit}")).await.refused(400, "bad_request");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    for limit in [json!(0), json!(101), json!(-1), json!(1.5), json!("many"), json!([])] {
        let frame = json!({"action": "history", "conversation": dm, "limit": limit});
        let error = socket.refused(frame, "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains("limit"), "{error}");
    }
}

#[tokio::test]
async fn a_page_is_asked_for_in_one_direction() {
    let (bob, mut socket, dm) = conversation_of(1).await;
    bob.page(&dm, "before=2&after=0").await.refused(400, "bad_request");
    bob.page(&dm, "around=1&after=0").await.refused(400, "bad_request");
    let frame = json!({"action": "history", "conversation": dm, "before": 2, "after": 0});
    socket.refused(frame, "bad_request").await;
}

#[tokio::test]
async fn a_page_of_large_messages_is_cut_to_fit_a_frame() {
    let [alice, bob] = Chat::new().users().await;
    let (mut socket, dm) = (bob.connect().await, alice.dm(&bob));
    for letter in ["a", "b", "c", "d"] {
        alice.post_text(&dm, &letter.repeat(10_000)).await;
    }
    let mut seen = 0_u64;
    loop {
        let page = socket.ask(json!({"action": "history", "conversation": dm, "after": seen})).await;
        for message in page["messages"].as_array().unwrap() {
            seen += 1;
            assert_eq!((&message["seq"], message["text"].as_str().unwrap().len()), (&seen.into(), 10_000));
        }
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, 4);
}

/// In the answer of a function each quote takes four bytes, so a page that counts two would be too large.
#[tokio::test]
async fn pages_of_texts_full_of_quotes_are_given_whole() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    for letter in ["\"", "\\", "\u{1}"] {
        for _ in 0..8 {
            alice.post_text(&dm, &format!("x{}", letter.repeat(99_999))).await;
        }
    }
    let (mut seqs, mut after) = (Vec::new(), 0);
    loop {
        let page = bob.page(&dm, &format!("after={after}&limit=100")).await.ok();
        let messages = page["messages"].as_array().unwrap();
        assert!(messages.iter().all(|message| message["text"].as_str().unwrap().len() == 100_000));
        seqs.extend(messages.iter().map(|message| message["seq"].as_u64().unwrap()));
        after = *seqs.last().unwrap();
        if page["more"] == false {
            break;
        }
    }
    assert!(seqs.into_iter().eq(1..=24));
    bob.page(&dm, "around=12&limit=100").await.ok();
    bob.page(&dm, "limit=100").await.ok();
}
