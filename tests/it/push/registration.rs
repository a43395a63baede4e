//! Registration for pushes, and its end.

use http::Method;
use serde_json::{Value, json};
use tests::{Chat, User, fresh_token};

/// Longest token. Unit: bytes, inclusive.
const TOKEN_BYTES_MAX: usize = 4096;

const PATH: &str = "/v1/devices/self/push";

async fn check_refused(user: &User, body: Value, field: &str) {
    let error = user.http.put(PATH, &body).await.refused(400, "bad_request");
    assert!(error["message"].as_str().unwrap().contains(field), "{body} was answered by {error}");
}

#[tokio::test]
async fn a_device_is_pushed_from_when_it_asked_for_it() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "too early").await;
    bob.chat().pushes_settle().await;
    bob.register("apns").await;
    alice.post_text(&dm, "now").await;
    bob.is_alerted_to(&dm, &[2]).await;
}

#[tokio::test]
async fn a_wrong_platform_is_refused_and_named() {
    let alice = Chat::new().user().await;
    for platform in [json!("APNS"), json!("gcm"), json!(""), json!("apns "), json!(1), json!(null), json!([])]
    {
        check_refused(&alice, json!({"platform": platform, "token": "t"}), "platform").await;
    }
    check_refused(&alice, json!({"token": "t"}), "platform").await;
    assert_eq!(alice.platform().await, None);
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_named() {
    let alice = Chat::new().user().await;
    let too_long = "x".repeat(TOKEN_BYTES_MAX + 1);
    for token in ["", " ", "a b", "a\n", "\u{0}", "\u{7f}", "tök", "🙂", &too_long] {
        check_refused(&alice, json!({"platform": "apns", "token": token}), "token").await;
    }
    for token in [json!(null), json!(1), json!(["t"]), json!({})] {
        check_refused(&alice, json!({"platform": "fcm", "token": token}), "token").await;
    }
    check_refused(&alice, json!({"platform": "fcm"}), "token").await;
    assert_eq!(alice.platform().await, None);
}

#[tokio::test]
async fn a_registration_that_is_no_object_is_refused() {
    let alice = Chat::new().user().await;
    for body in ["", "{", "[]", "null", "\"apns\"", "{}"] {
        alice.http.send(Method::PUT, PATH, body).await.refused(400, "bad_request");
    }
}

#[tokio::test]
async fn a_refused_registration_leaves_the_earlier_one() {
    let [alice, bob] = Chat::new().users().await;
    bob.register("fcm").await;
    check_refused(&bob, json!({"platform": "pigeon", "token": "t"}), "platform").await;
    check_refused(&bob, json!({"platform": "apns", "token": ""}), "token").await;
    assert_eq!(bob.platform().await.as_deref(), Some("fcm"));
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    assert_eq!(bob.next_alert(&dm, 1).await.platform, "fcm");
}

#[tokio::test]
async fn tokens_of_any_visible_characters_and_of_up_to_4096_bytes_are_taken() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let longest = format!("{}{}", fresh_token(), "~".repeat(TOKEN_BYTES_MAX));
    let odd = format!("{}!\"#$%&'()*+,-./:;<=>?@[\\]^_`{{|}}~", fresh_token());
    for (place, token) in [&longest[..TOKEN_BYTES_MAX], &odd].iter().enumerate() {
        for (turn, platform) in ["apns", "fcm"].iter().enumerate() {
            bob.put_push(platform, token).await.no_content();
            alice.post_text(&dm, "hello").await;
            let seq = u64::try_from(place * 2 + turn + 1).unwrap();
            assert_eq!(bob.next_alert(&dm, seq).await.platform, *platform);
        }
    }
    assert_eq!(bob.pushes().await.len(), 4);
}

#[tokio::test]
async fn nobody_asks_without_a_token_of_their_own() {
    let alice = Chat::new().user().await;
    let stranger = alice.http.anonymous();
    let body = json!({"platform": "apns", "token": "t"});
    stranger.put(PATH, &body).await.refused(401, "unauthenticated");
    stranger.delete(PATH).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn asking_again_changes_nothing() {
    let [alice, bob] = Chat::new().users().await;
    let token = bob.register("apns").await;
    for _ in 0..3 {
        bob.put_push("apns", &token).await.no_content();
    }
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    bob.is_alerted_to(&dm, &[1]).await;
    assert_eq!(bob.pushes().await.len(), 1);
}

#[tokio::test]
async fn concurrent_registrations_of_one_device_are_one() {
    let [alice, bob] = Chat::new().users().await;
    let token = fresh_token();
    let tries = (0..8).map(|_| bob.put_push("apns", &token));
    for answer in futures_util::future::join_all(tries).await {
        answer.no_content();
    }
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    bob.is_alerted_to(&dm, &[1]).await;
    assert_eq!(bob.pushes().await.len(), 1);
}

#[tokio::test]
async fn a_new_token_replaces_the_earlier_one() {
    let [alice, bob] = Chat::new().users().await;
    bob.register("apns").await;
    bob.register("apns").await;
    let dm = alice.dm(&bob);
    alice.post_text(&dm, "hello").await;
    bob.is_alerted_to(&dm, &[1]).await;
    bob.register("fcm").await;
    assert_eq!(bob.platform().await.as_deref(), Some("fcm"));
    alice.post_text(&dm, "again").await;
    bob.is_alerted_to(&dm, &[1, 2]).await;
    let platforms: Vec<String> = bob.pushes().await.into_iter().map(|push| push.platform).collect();
    assert_eq!(platforms, ["apns", "fcm"]);
}

#[tokio::test]
async fn a_device_that_wants_no_more_pushes_gets_none_until_it_asks_again() {
    let [alice, bob] = Chat::new().users().await;
    let dm = alice.dm(&bob);
    let token = bob.register("apns").await;
    alice.post_text(&dm, "one").await;
    bob.next_alert(&dm, 1).await;
    bob.unregister().await;
    assert_eq!(bob.platform().await, None);
    alice.post_text(&dm, "two").await;
    bob.is_alerted_to(&dm, &[1]).await;
    bob.put_push("apns", &token).await.no_content();
    alice.post_text(&dm, "three").await;
    bob.is_alerted_to(&dm, &[1, 3]).await;
}

#[tokio::test]
async fn wanting_no_pushes_is_never_refused() {
    let alice = Chat::new().user().await;
    alice.unregister().await;
    alice.register("fcm").await;
    alice.unregister().await;
    alice.unregister().await;
    assert_eq!(alice.platform().await, None);
}

#[tokio::test]
async fn the_list_of_devices_shows_by_which_platform_each_is_reached() {
    let phone = Chat::new().user().await;
    let (tablet, laptop) = (phone.another_device().await, phone.another_device().await);
    phone.register("apns").await;
    tablet.register("fcm").await;
    let mut expected = vec![
        (phone.device.clone(), Some("apns".to_owned())),
        (tablet.device.clone(), Some("fcm".to_owned())),
        (laptop.device.clone(), None),
    ];
    let mut listed = laptop.registered().await;
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    let list = laptop.http.get("/v1/devices").await.ok().to_string();
    assert!(!list.contains("null"), "the field is left out, not null: {list}");
}

#[tokio::test]
async fn a_token_is_shown_to_nobody() {
    let [alice, bob] = Chat::new().users().await;
    let token = bob.register("apns").await;
    alice.post_text(&alice.dm(&bob), "hello").await;
    bob.next_alert(&alice.dm(&bob), 1).await;
    for path in ["/v1/devices", "/v1/me", "/v1/conversations"] {
        assert!(!bob.http.get(path).await.ok().to_string().contains(&token), "{path}");
    }
    let endpoints = format!("{:?}", bob.pushes().await);
    assert!(!endpoints.contains(&token), "{endpoints}");
}

#[tokio::test]
async fn the_case_of_an_apns_token_does_not_matter() {
    let [alice, phone] = Chat::new().users().await;
    let other = phone.another_device().await;
    let token = fresh_token();
    phone.put_push("apns", &token.to_uppercase()).await.no_content();
    other.put_push("apns", &token).await.no_content();
    assert_eq!((phone.platform().await, other.platform().await.as_deref()), (None, Some("apns")));
    let dm = alice.dm(&phone);
    alice.post_text(&dm, "hello").await;
    other.is_alerted_to(&dm, &[1]).await;
    phone.is_alerted_to(&dm, &[]).await;
}
