//! Password changes, and logouts everywhere.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Chat, User};

const NEW: &str = "battery staple";

async fn change(user: &User, old: &str, new: &str) -> Answer {
    user.http.post("/v1/me/password", &json!({"old_password": old, "new_password": new})).await
}

#[tokio::test]
async fn a_new_password_logs_in_and_the_old_one_does_not() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    let session = change(&alice, &alice.password, NEW).await.ok();
    let renewed = alice.renewed(&session);
    assert_eq!((&renewed.id, &renewed.device), (&alice.id, &alice.device));
    assert_ne!(renewed.refresh_token, alice.refresh_token);
    renewed.assert_logged_in().await;
    chat.login(&alice.handle, &alice.password).await.refused(401, "unauthenticated");
    chat.login(&alice.handle, NEW).await.ok();
    renewed.renewed(&renewed.refresh().await.ok()).assert_logged_in().await;
}

#[tokio::test]
async fn a_new_password_logs_every_other_device_out_and_closes_its_sockets() {
    let [alice, bob] = Chat::new().users().await;
    let (laptop, tablet) = (alice.another_device().await, alice.another_device().await);
    let mut socket = alice.connect().await;
    let mut others = [laptop.connect().await, tablet.connect().await];
    let ticket_url = laptop.ticket_url().await;
    let renewed = alice.renewed(&change(&alice, &alice.password, NEW).await.ok());
    for socket in &mut others {
        socket.next_closing("logged_out", 4002).await;
    }
    laptop.assert_logged_out().await;
    tablet.assert_logged_out().await;
    let refused = tests::Socket::try_open(&ticket_url, None).await.unwrap_err();
    assert!([401, 403].contains(&refused), "{refused}");
    // The device itself stays logged in, and its sockets stay open.
    socket.say(&bob.id, "hello").await;
    let devices = renewed.http.get("/v1/devices").await.ok();
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1, "{devices}");
}

/// A refresh token that was stolen on this very device is worthless to the thief.
#[tokio::test]
async fn the_refresh_token_from_before_a_change_is_worth_nothing_once_the_new_one_was_used() {
    let alice = Chat::new().user().await;
    let renewed = alice.renewed(&change(&alice, &alice.password, NEW).await.ok());
    renewed.assert_logged_in().await;
    alice.refresh().await.refused(401, "unauthenticated");
    renewed.assert_logged_out().await;
}

#[tokio::test]
async fn a_wrong_old_password_changes_nothing() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    let laptop = alice.another_device().await;
    for wrong in ["wrong horse", "", "short", &alice.password.to_uppercase(), &"x".repeat(1000)] {
        change(&alice, wrong, NEW).await.refused(403, "forbidden");
    }
    laptop.assert_logged_in().await;
    alice.refresh().await.ok();
    chat.login(&alice.handle, &alice.password).await.ok();
    chat.login(&alice.handle, NEW).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn wrong_old_passwords_are_counted_as_failed_logins_are() {
    let alice = Chat::new().user().await;
    let chat = alice.chat();
    for _ in 0..5 {
        chat.login(&alice.handle, "wrong horse").await.refused(401, "unauthenticated");
        change(&alice, "wrong horse", NEW).await.refused(403, "forbidden");
    }
    change(&alice, &alice.password, NEW).await.refused(429, "rate_limited");
    chat.login(&alice.handle, &alice.password).await.refused(429, "rate_limited");
    alice.assert_logged_in().await;
}

#[tokio::test]
async fn a_new_password_is_bounded_and_its_field_named() {
    let alice = Chat::new().user().await;
    for new in ["", "1234567", &"x".repeat(129), "with a\ttab"] {
        let error = change(&alice, &alice.password, new).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains("new_password"), "{error}");
    }
    for (body, field) in [
        (json!({"new_password": NEW}), "old_password"),
        (json!({"old_password": alice.password}), "new_password"),
        (json!({"old_password": 7, "new_password": NEW}), "old_password"),
        (json!({"old_password": alice.password, "new_password": Value::Null}), "new_password"),
    ] {
        let error = alice.http.post("/v1/me/password", &body).await.refused(400, "bad_request");
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
    alice.http.anonymous().post("/v1/me/password", &json!({})).await.refused(401, "unauthenticated");
    alice.refresh().await.ok();
}

/// One of several concurrent changes succeeds; concurrent logins, with either password, leave no device logged in with
/// the old one.
#[tokio::test]
async fn of_concurrent_changes_one_succeeds_and_no_login_with_another_password_survives() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    let laptop = alice.another_device().await;
    let logins = join_all((0..4).map(|_| chat.login(&alice.handle, &alice.password)));
    let changes = futures_util::future::join(
        change(&alice, &alice.password, "alices staple"),
        change(&laptop, &alice.password, "laptops staple"),
    );
    let (logins, (by_alice, by_laptop)) = futures_util::future::join(logins, changes).await;
    let made: Vec<&str> = [(&by_alice, "alices staple"), (&by_laptop, "laptops staple")]
        .into_iter()
        .filter(|(answer, _)| answer.status == 200)
        .map(|(_, password)| password)
        .collect();
    assert!(made.len() <= 1, "both changes succeeded: {} {}", by_alice.shown(), by_laptop.shown());
    let Some(password) = made.first() else { return };
    for login in logins.into_iter().filter(|login| login.status == 200) {
        alice.renewed(&login.ok()).assert_logged_out().await;
    }
    chat.login(&alice.handle, password).await.ok();
    chat.login(&alice.handle, &alice.password).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_device() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    let mut sockets = [phone.connect().await, laptop.connect().await];
    phone.http.post("/v1/logout", &json!({"everywhere": true})).await.no_content();
    for socket in &mut sockets {
        socket.next_closing("logged_out", 4002).await;
    }
    phone.assert_logged_out().await;
    laptop.assert_logged_out().await;
    phone.log_in(json!({})).await.assert_logged_in().await;
}

#[tokio::test]
async fn a_logout_ends_one_device_unless_it_says_everywhere() {
    let phone = Chat::new().user().await;
    let laptop = phone.another_device().await;
    for wrong in [json!({"everywhere": "yes"}), json!({"everywhere": 1}), json!([])] {
        phone.http.post("/v1/logout", &wrong).await.refused(400, "bad_request");
    }
    phone.http.post("/v1/logout", &json!({"everywhere": false})).await.no_content();
    phone.assert_logged_out().await;
    laptop.assert_logged_in().await;
    laptop.http.send(http::Method::POST, "/v1/logout", "").await.no_content();
    laptop.assert_logged_out().await;
}

#[tokio::test]
async fn no_answer_with_a_token_in_it_may_be_kept() {
    let (chat, alice) = (Chat::new(), Chat::new().user().await);
    let body = json!({"handle": tests::fresh_handle(), "password": "correct horse"});
    let refresh = json!({"refresh_token": alice.refresh_token});
    let answers = [
        chat.signup(&body).await,
        chat.login(&alice.handle, &alice.password).await,
        chat.http.post("/v1/token/refresh", &refresh).await,
        alice.http.post("/v1/tickets", &json!({})).await,
        change(&alice, &alice.password, NEW).await,
    ];
    for answer in answers {
        let shown = answer.shown();
        let cached = answer.headers.get("cache-control").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(cached.as_deref(), Some("no-store"), "{shown}");
    }
}
